"""What came with a message, and messages as a whole: never as pages of ours."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from crm.team.viewer import viewer_of
from crm.tickets.models import TicketFile, TicketMessage
from crm.web.html import framed
from crm.web.keeping import to_keep

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
