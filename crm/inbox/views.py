"""The inbox for admins: what waits, what was parked and why, and the installation's own address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.inbox import actions
from crm.inbox.channels import hooks, imap
from crm.inbox.forms import AddressForm, ReasonForm, said
from crm.inbox.models import InboundPayload, InboxSettings, MailboxPlace
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.returning import next_url
from crm.web.toasts import toast

#: Tab → its label, and what an empty one says.
TABS = {
    "failed": ("Parked", "Nothing is parked. What could not be handled after five tries waits here for you."),
    "new": ("Waiting", "Nothing waits. What comes in is handled within seconds."),
    "done": ("Done", "Nothing has come in yet."),
    "ignored": ("Ignored", "Nothing was ignored."),
}
#: Bytes of a payload that are shown.
SHOWN = 100_000
_NEWEST = Sort("id", descending=True)


@require_safe
@requires("manage_settings")
def payloads(request: HttpRequest) -> HttpResponse:
    """What came in, by what became of it, the newest first."""
    tab = request.GET.get("tab", "failed")
    if tab not in TABS:
        raise Http404("There is no such tab.")
    rows = InboundPayload.objects.filter(state=tab).defer("body", "headers")
    try:
        page = keyset_page(rows, _NEWEST, request.GET.get("cursor"))
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    context: dict[str, Any] = {"page": page, "tab": tab, "nothing": TABS[tab][1], "now": clock.now()}
    if request.htmx and request.GET.get("cursor"):
        return render(request, "crm/inbox/list.html#rows", context)
    parked = InboundPayload.objects.filter(state="failed")[:100].count()
    context |= {"tabs": [(name, label) for name, (label, _) in TABS.items()], "parked": parked, **_ways_in()}
    return render(request, "crm/inbox/list.html", context)


def _ways_in() -> dict[str, Any]:
    """How mail gets here, as the environment and the last look say it."""
    base = settings.BASE_URL
    return {
        "settings": InboxSettings.the_only(),
        "hooks": [f"{base}{reverse('hooks:mail', args=[name])}" for name in hooks.providers(settings.MAIL_HOOKS)],
        "polls": bool(settings.IMAP_URL), "mailboxes": list(MailboxPlace.objects.order_by("pk")[:5]),
    }  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_settings")
def address(request: HttpRequest) -> HttpResponse:
    """The installation's address for mail, whom it trusts, and how long raw payloads are kept."""
    form = AddressForm(request.POST if request.method == "POST" else None, instance=InboxSettings.the_only())
    if form.is_valid():
        InboxSettings.objects.update_or_create(pk=InboxSettings.ONLY, defaults=form.cleaned_data)
        toast(request, "Saved.")
        return redirect("inbox:list")
    return render(request, "crm/inbox/address.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@requires("manage_settings")
def test_mailbox(request: HttpRequest) -> HttpResponse:
    """Open it and look how many lie there. Nothing is read."""
    try:
        toast(request, imap.probe())
    except ValueError as error:
        toast(request, str(error), level=messages.ERROR)
    return redirect(next_url(request, reverse("inbox:list")))


@require_safe
@requires("manage_settings")
def payload(request: HttpRequest, pk: int) -> HttpResponse:
    """One payload as it came, as far as it can be read."""
    row = get_object_or_404(InboundPayload, pk=pk)
    raw = bytes(row.body[:SHOWN]).decode("utf-8", "replace")
    context = {"row": row, "raw": raw, "cut": len(row.body) > SHOWN, "now": clock.now()}
    return render(request, "crm/inbox/payload.html", context)


@require_POST
@requires("manage_settings")
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    return _act(request, pk, lambda by, now: actions.replay(pk, by, now), "It is read again within seconds.")


@require_POST
@requires("manage_settings")
def discarding(request: HttpRequest, pk: int) -> HttpResponse:
    form = ReasonForm(request.POST)
    if not form.is_valid():
        toast(request, said(form), level=messages.ERROR)
        return redirect("inbox:payload", pk)
    reason = form.cleaned_data["reason"]
    return _act(request, pk, lambda by, now: actions.discard(pk, reason, by, now), "It is discarded.")


def _act(request: HttpRequest, pk: int, verb: Callable[[User, datetime], None], done: str) -> HttpResponse:
    get_object_or_404(InboundPayload.objects.defer("body"), pk=pk)
    try:
        verb(viewer_of(request), clock.now())
    except actions.NotPossible as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, done)
    return redirect("inbox:payload", pk)
