"""The support desk's own settings: addresses, what it writes by itself, whom it does not hear."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from crm.inbox.models import InboxSettings
from crm.outbox.formatting import as_html
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.tickets.acknowledging import SAMPLE, TEXT, written
from crm.tickets.forms.desk import BlockForm, DeskForm, trouble_with
from crm.tickets.models import BlockedSender, Ticket, TicketSettings
from crm.web import clock
from crm.web.toasts import toast

#: Blocked senders that are shown, the latest.
_SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_settings")
def edit(request: HttpRequest) -> HttpResponse:
    form = DeskForm(request.POST if request.method == "POST" else None, instance=TicketSettings.the_only())
    if form.is_valid():
        TicketSettings.objects.update_or_create(pk=TicketSettings.ONLY, defaults=form.cleaned_data)
        toast(request, "Saved.")
        return redirect("desk:edit")
    source = form["acknowledgement"].value() or ""
    blocked = list(BlockedSender.objects.select_related("by").order_by("-at", "-pk")[: _SHOWN + 1])
    context: dict[str, Any] = {
        "form": form, "own": InboxSettings.the_only().address, "blocking": BlockForm(), "blocked": blocked[:_SHOWN],
        "more": len(blocked) > _SHOWN, "channels": dict(Ticket.Channel.choices), "default": TEXT, **_preview(source),
    }  # fmt: skip
    return render(request, "crm/tickets/desk/edit.html", context, status=422 if form.errors else 200)


@require_POST
@requires("manage_settings")
def preview(request: HttpRequest) -> HttpResponse:
    """The acknowledgement as somebody would read it; it changes nothing."""
    source = request.POST.get("acknowledgement", "")
    return render(request, "crm/tickets/desk/edit.html#preview", _preview(source))


def _preview(source: str) -> dict[str, Any]:
    wrong = trouble_with(source)
    return {"wrong": wrong, "preview": "" if wrong else as_html(written(source, SAMPLE)), "sample": SAMPLE}


@require_POST
@requires("manage_settings")
def block(request: HttpRequest) -> HttpResponse:
    """Mail from there, and entries of forms, begin nothing any more."""
    form = BlockForm(request.POST)
    if form.is_valid():
        handle = form.cleaned_data["handle"]
        defaults = {"by": viewer_of(request), "at": clock.now()}
        BlockedSender.objects.get_or_create(channel=Ticket.Channel.MAIL, handle=handle, defaults=defaults)
        toast(request, f"{handle} is blocked. What comes from there lies under Inbox, Ignored.")
    else:
        toast(request, str(form.errors["handle"][0]), level=messages.ERROR)
    return redirect("desk:edit")


@require_POST
@requires("manage_settings")
def unblock(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(BlockedSender, pk=pk)
    row.delete()
    toast(request, f"{row.handle} is heard again, from now on.")
    return redirect("desk:edit")
