"""Public forms: pages without sign-in, also in a frame on pages that the form names. What is sent is stored first."""

from __future__ import annotations

from typing import Any

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.csp import CSP
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from crm.outbox.formatting import as_html
from crm.tickets.channels.form import store
from crm.tickets.forms.public import MOST_BYTES, PublicForm
from crm.tickets.models import TicketForm
from crm.web import clock

#: From one address of the internet.
_RATES = {"ticket_form": "10/10m/ip"}
#: Bytes of a request: the files, and far more text than is taken.
_LARGEST = MOST_BYTES + 1024 * 1024


@csrf_exempt  # no cookie says who it is, so no other page could send it in somebody's name; its token is signed
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, slug: str) -> HttpResponse:
    """The form, and where it is sent to. A trapped program is thanked like everybody."""
    shown = _open_form(slug)
    if int(request.META.get("CONTENT_LENGTH") or 0) > _LARGEST:
        return _page(request, shown, PublicForm(shown), "That was too large. Send smaller files, or fewer.", 413)
    if request.method != "POST":
        return _page(request, shown, PublicForm(shown))
    filled = PublicForm(shown, request.POST.dict(), request.FILES)
    if not ratelimit.consume(request, app="crm.tickets", action="ticket_form", config=_RATES):
        because = "Many messages came from where you are. Wait ten minutes, then send it again; nothing is lost here."
        return _page(request, shown, filled, because, 429)
    if not filled.is_valid():
        return _page(request, shown, filled, status=422)
    if not filled.is_trapped:
        store(shown, filled.cleaned_data, filled.cleaned_data["token"], clock.now())
    return _framable(redirect("ticket_forms:thanks", shown.slug), shown)


@login_not_required
@require_safe
def thanks(request: HttpRequest, slug: str) -> HttpResponse:
    shown = _open_form(slug)
    context = {"shown": shown, "words": as_html(shown.thanks)}
    return _framable(render(request, "crm/tickets/public/thanks.html", context), shown)


def _open_form(slug: str) -> TicketForm:
    return get_object_or_404(TicketForm, slug=slug, archived_at=None)


def _page(
    request: HttpRequest, shown: TicketForm, filled: PublicForm, alarm: str = "", status: int = 200
) -> HttpResponse:  # fmt: skip
    context: dict[str, Any] = {
        "shown": shown, "form": filled, "alarm": alarm, "words": as_html(shown.intro), "lost": bool(request.FILES),
    }  # fmt: skip
    return _framable(render(request, "crm/tickets/public/form.html", context, status=status), shown)


def _framable(answer: HttpResponse, shown: TicketForm) -> HttpResponse:
    """Pages that the form names may show it in a frame; others may not."""
    if shown.origins:
        answer._csp_config = settings.SECURE_CSP | {"frame-ancestors": [CSP.SELF, *shown.origins]}  # type: ignore[attr-defined]
        answer.xframe_options_exempt = True  # type: ignore[attr-defined]  # browsers that know no frame-ancestors are gone
    return answer
