"""What came with a message, and messages as a whole: never as pages of ours."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.tickets.actions.saying import TicketError
from crm.tickets.channels import media
from crm.tickets.models import TicketFile, TicketMessage
from crm.web import clock
from crm.web.html import framed
from crm.web.keeping import to_keep
from crm.web.returning import next_url
from crm.web.toasts import toast

#: For bytes from outside that a browser may open all the same: nothing of them runs.
_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"


def _message(request: HttpRequest, pk: int, message_pk: int) -> TicketMessage:
    return get_object_or_404(TicketMessage.objects.visible_to(viewer_of(request)), pk=message_pk, ticket=pk)


@require_safe
def file(request: HttpRequest, pk: int, file_pk: int) -> HttpResponseBase:
    """The bytes, always as something to keep."""
    seen = TicketMessage.objects.visible_to(viewer_of(request)).filter(ticket=pk)
    row = get_object_or_404(TicketFile, pk=file_pk, message__in=seen.values("pk"))
    answer = to_keep(row)
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer


@require_POST
@requires("tickets")
def fetching(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    """Have asked anew for what of a message did not come."""
    found = _message(request, pk, message_pk)
    try:
        again = media.fetch_again(found, viewer_of(request), clock.now())
    except TicketError as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, "Asked for again: it stands here when it comes." if again else "It is on its way already.")
    return redirect(next_url(request, f"{found.ticket.get_absolute_url()}#message-{found.pk}"))


@require_safe
def message(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    """The whole text of one that the page cuts off."""
    found = _message(request, pk, message_pk)
    answer = HttpResponse(found.text, content_type="text/plain; charset=utf-8")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer


@require_safe
def message_html(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    """As its sender made it, for the frame that shows it."""
    found = _message(request, pk, message_pk)
    if not found.html:
        raise Http404("It came as text.")
    return framed(request, found.html)
