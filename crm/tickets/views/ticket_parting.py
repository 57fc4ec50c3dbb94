"""Two tickets into one and back, one into two, and tickets that nobody should have got."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from crm.history.actions import UndoError, undo
from crm.history.toasts import undoable
from crm.segments.filters import OPERATORS
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.tickets import rules
from crm.tickets.actions import blocking, merging, splitting
from crm.tickets.actions.saying import TicketError
from crm.tickets.forms import SplitForm
from crm.tickets.models import OPEN, Ticket, TicketMessage
from crm.tickets.views.ticket import ticket_of
from crm.web import clock
from crm.web.dialogs import dialog, done
from crm.web.toasts import toast

#: Tickets that the dialog offers.
_OFFERED = 8
_form = require_http_methods(["GET", "HEAD", "POST"])


@_form
@requires("tickets")
def merging_it(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the ticket that it goes on in; ?q= looks for others than those of the same customer."""
    found, viewer, now = ticket_of(request, pk), viewer_of(request), clock.now()
    if request.method == "POST":
        into = Ticket.objects.visible_to(viewer).filter(pk=_number(request.POST.get("into", ""))).first()
        if into is None:
            toast(request, "There is no such ticket. Write its number.", level=messages.ERROR)
            return done(request, found.get_absolute_url())
        try:
            undoable(request, merging.merge(found, into, viewer, now), f"#{found.pk} goes on here.")
        except TicketError as refusal:
            toast(request, str(refusal), level=messages.ERROR)
            return done(request, found.get_absolute_url())
        return done(request, into.get_absolute_url())
    asked = request.GET.get("q", "").strip().replace("\0", "")
    context = {"ticket": found, "asked": asked, "offered": _offered(found, asked, viewer)}
    if "q" in request.GET and request.htmx:  # type: ignore[attr-defined]
        return render(request, "crm/tickets/ticket_merge.html#offered", context | {"frame": "ui/dialog_part.html"})
    heading, back = f"Merge #{found.pk} into another ticket", found.get_absolute_url()
    return dialog(request, "crm/tickets/ticket_merge.html", context, heading=heading, back=back)


def _offered(found: Ticket, asked: str, viewer: User) -> list[Ticket]:
    """Open ones of the same customer, or of the same sender; with words those that they are in, or have the number."""
    rows = Ticket.objects.visible_to(viewer).filter(merged_into=None, is_spam=False).exclude(pk=found.pk)
    rows = rows.select_related("account", "contact").order_by("-updated_at", "-id")
    if number := _number(asked.removeprefix("#")):
        return list(rows.filter(pk=number)[:1])
    if asked:
        like = OPERATORS["text"]["contains"].sql
        return list(rows.filter(like(F("subject"), asked, clock.now())).exclude(status="closed")[:_OFFERED])
    if found.account_id:
        return list(rows.filter(account=found.account_id, status__in=(*OPEN, "solved"))[:_OFFERED])
    if found.requester_handle:
        same = rows.filter(reply_channel=found.reply_channel, requester_handle=found.requester_handle)
        return list(same.filter(status__in=(*OPEN, "solved"))[:_OFFERED])
    return []


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


@require_POST
@requires("tickets")
def unmerging(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the merge of this ticket into another back. What was written since stays there."""
    found, viewer = ticket_of(request, pk), viewer_of(request)
    spell = found.spells.select_related("act").filter(ended_at=None).first()
    if found.merged_into_id and spell and spell.act and spell.act.kind != merging.KIND:
        toast(request, "It was merged together with others: that is undone as a whole, here.")
        return redirect("history:act", spell.act_id)
    if found.merged_into_id is None or spell is None or spell.act is None:
        toast(request, f"#{found.pk} is not merged into another ticket.", level=messages.ERROR)
        return redirect(found)
    into = found.merged_into_id
    try:
        undone = undo(spell.act, viewer, clock.now())
    except UndoError as refusal:
        toast(request, str(refusal), level=messages.ERROR)
        return redirect(found)
    kept = " ".join(f"{one.record[0].upper()}{one.record[1:]} {one.because}." for one in undone.kept if not one.field)
    toast(request, f"#{found.pk} stands on its own again, beside #{into}. {kept}".rstrip())
    return redirect(found)


@_form
@requires("tickets")
def split(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    """A message that is about something else, into a ticket of its own."""
    found, viewer = ticket_of(request, pk), viewer_of(request)
    theirs = TicketMessage.objects.visible_to(viewer).filter(ticket=pk, kind=TicketMessage.Kind.IN)
    message = get_object_or_404(theirs, pk=message_pk)
    first = {"subject": rules.subject_of(message.fresh)}
    form = SplitForm(request.POST if request.method == "POST" else None, initial=first)
    if form.is_valid():
        data = form.cleaned_data
        try:
            new, made = splitting.split(message, data["subject"], viewer, clock.now(), rest=data["rest"])
        except TicketError as refusal:
            form.add_error(None, str(refusal))
        else:
            undoable(request, made, f"#{new.pk} is split off #{found.pk}.")
            return done(request, new.get_absolute_url())
    context: dict[str, Any] = {"form": form, "ticket": found, "message": message}
    heading, back, status = "Split this off", found.get_absolute_url(), 422 if form.is_bound else 200
    return dialog(request, "crm/tickets/ticket_split.html", context, heading=heading, back=back, status=status)


@_form
@requires("tickets")
def spam(request: HttpRequest, pk: int) -> HttpResponse:
    """It closes; with `block` nothing from its sender begins a ticket any more."""
    found, viewer = ticket_of(request, pk), viewer_of(request)
    if request.method == "POST":
        try:
            made = blocking.mark_as_spam(found, viewer, clock.now(), block="block" in request.POST)
            undoable(request, made, f"#{found.pk} is spam, and closed.")
        except TicketError as refusal:
            toast(request, str(refusal), level=messages.ERROR)
        return done(request, found.get_absolute_url())
    heading, back = f"Is #{found.pk} spam?", found.get_absolute_url()
    return dialog(request, "crm/tickets/ticket_spam.html", {"ticket": found}, heading=heading, back=back)
