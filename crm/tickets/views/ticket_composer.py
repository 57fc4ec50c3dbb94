"""The place to answer: two forms that cannot be taken for each other, one for the customer and one for the team."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from crm.correspondence.rules import UNDO_FOR
from crm.team.models import User
from crm.tickets import delivering, macros
from crm.tickets.actions import drafting
from crm.tickets.models import Macro, Ticket, TicketDraft


def composer(ticket: Ticket, viewer: User, now: datetime, channel: str = "") -> dict[str, Any]:
    """What its template needs. `channel`: by which they chose to answer; blank: where the customer wrote last or, if
    nothing can leave there, another way to them."""
    drafts = drafting.joined(_kept(ticket, viewer))
    answer = drafts.get(False)
    seen, because = _chosen(ticket, channel), _over(ticket)
    if not because and (because := delivering.refusal(seen, now)) and (other := _another_way(ticket, now)):
        seen = other
        instead, because = because, ""
    else:
        instead = ""
    return {
        "ticket": ticket, "way": delivering.ways.get(seen.reply_channel), "reader": ticket.requester,
        "seconds": UNDO_FOR.seconds, "why_not": because, "instead": instead, "to": seen.requester_handle,
        "channel": seen.reply_channel if seen is not ticket else "",
        "answer": _blank(answer, now) | uses(_macro(answer, viewer)), "note": _blank(drafts.get(True), now),
    }  # fmt: skip


def _chosen(ticket: Ticket, channel: str) -> Ticket:
    """As that channel sees it; as it is, if nobody knows them there."""
    try:
        return delivering.by(ticket, channel)
    except LookupError:
        return ticket


def _another_way(ticket: Ticket, now: datetime) -> Ticket | None:
    others = (_chosen(ticket, to.channel) for to in delivering.ways_to(ticket)[1:])
    return next((seen for seen in others if not delivering.refusal(seen, now)), None)


def _kept(ticket: Ticket, viewer: User) -> list[dict[str, Any]]:
    brought: list[dict[str, Any]] | None = getattr(ticket, "kept", None)
    if brought is not None:
        return brought
    rows = TicketDraft.objects.filter(ticket=ticket, user=viewer).order_by("-begun_in")
    return [dict(row) for row in rows.values("is_note", "text", "macro", "saved_at")]


def _macro(draft: dict[str, Any] | None, viewer: User) -> Macro | None:
    """That it still uses."""
    pk = draft and draft["macro"]
    return macros.offered(viewer).filter(pk=pk).first() if pk else None


def _over(ticket: Ticket) -> str:
    """Why no answer can leave on any channel; blank: it may."""
    if ticket.merged_into_id:
        return f"This was merged into #{ticket.merged_into_id}. Write there."
    if ticket.status == Ticket.Status.CLOSED:
        return "It is closed. What the customer writes begins another ticket; write a note, or write to them anew."
    return ""


def _blank(draft: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
    """A form that nobody has sent. With a draft it says when that was kept."""
    if draft is None:
        return {"bundle": uuid4(), "text": "", "kept": ""}
    at = draft["saved_at"]
    saved = parse_datetime(at) if isinstance(at, str) else at
    return {"bundle": uuid4(), "text": draft["text"], "kept": said_kept(saved, now) if saved else ""}


def uses(macro: Macro | None) -> dict[str, Any]:
    """What a form that uses it shows: the macro, and in words what it sets."""
    return {"macro": macro, "sets": macros.sets(macro, macros.category_names([macro])) if macro else []}


def said_kept(at: datetime, now: datetime) -> str:
    """“14:02”, of another day with the day."""
    here = timezone.localtime(at)
    return f"{here:%H:%M}" if here.date() == timezone.localtime(now).date() else f"{here.day} {here:%b %H:%M}"
