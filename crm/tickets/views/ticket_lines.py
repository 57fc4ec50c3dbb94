"""What the page says of each message, and of what happened between them: dicts, since a template looks up nothing as
quickly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.utils.html import escape, linebreaks
from django.utils.safestring import SafeString, mark_safe

from crm.outbox.formatting import as_html
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.templatetags import ui
from crm.tickets import delivering
from crm.tickets.models import Ticket, TicketMessage
from crm.tickets.reading import LONGEST, Event
from crm.tickets.rules.rating import SCORES
from crm.tickets.views.moods import badge as mood_badge
from crm.web.addresses import address

Kind, State = TicketMessage.Kind, OutboundMessage.State

#: Of what leaves: words, tone, and whether somebody has to look at it.
_STATES = {
    State.CLAIMED: ("leaving", "info", False), State.SENDING: ("leaving", "info", False),
    State.SENT: ("sent", "plain", False), State.FAILED: ("failed", "bad", True),
    State.UNCERTAIN: ("nobody knows whether it left", "warn", True), State.SKIPPED: ("not sent", "bad", True),
    State.CANCELLED: ("not sent", "warn", True),
}  # fmt: skip
#: States that another look may find changed.
_ON_ITS_WAY = {State.DUE, State.CLAIMED, State.SENDING}
_TAG = re.compile(r"(<[^>]*>)")


def lines(
    messages: Iterable[Any], events: Sequence[Event], ticket: Ticket, viewer: User, now: datetime
) -> list[dict[str, Any]]:
    """In the order of time; the messages may come in any."""
    found = [(row.occurred_at, 0, row.pk, _line(row, ticket, viewer, now)) for row in messages]
    told = [(one.at, 1, place, line) for place, one in enumerate(events) if (line := _event(one, ticket))]
    return [line for *_, line in sorted([*found, *told], key=lambda each: each[:3])]


def last_of(messages: Iterable[Any]) -> int:
    """The `arrival` up to which the reader has them all before them."""
    return max((row.arrival for row in messages), default=0)


def waiting(messages: Iterable[Any]) -> list[int]:
    """Those whose state, or files, another look may find changed."""
    return [row.pk for row in messages if _leaves(row) or any(not one["why"] for one in row.lacking)]


def _leaves(row: Any) -> bool:
    return row.outbound__state in _ON_ITS_WAY and not row.called_off_at


def who(row: Any) -> str:
    """Who said it, by the best name that is known."""
    if row.user_id:
        return str(row.user__name or row.user__email)
    known = f"{row.contact__first_name or ''} {row.contact__last_name or ''}".strip()
    return known or row.sender_name or row.sender_handle or "Holdfast"


def _line(row: Any, ticket: Ticket, viewer: User, now: datetime) -> dict[str, Any]:
    name, here = who(row), address("tickets:detail", ticket.pk)
    if row.called_off_at:
        told = {"told": f"{name} called an answer off", "icon": ui.icon("undo-2", 13)}
        return told | {"pk": row.pk, "id": f"message-{row.pk}", "at": row.occurred_at, "state": None}
    fresh = row.words[: row.folded_at] if row.folded_at else row.words
    quoted = row.words[row.folded_at :] if row.folded_at else ""
    mood = mood_badge(row.mood)
    ours = row.user_id is not None or row.kind == Kind.AUTO
    return {
        "id": f"message-{row.pk}", "pk": row.pk, "kind": row.kind, "who": name, "at": row.occurred_at,
        "avatar": ui.avatar(name), "how": _how(row, ticket), "unproven": not row.proven, "machine": row.automatic,
        "body": _written(fresh) if ours else _heard(fresh, tuple(row.mood_words) if mood["tone"] else ()),
        "quoted": _heard(quoted, ()) if quoted.strip() else "",
        "whole": f"{here}messages/{row.pk}/" if row.letters > LONGEST else "",
        "framed": f"{here}messages/{row.pk}/html/" if row.formatted else "", "title": f"What {name} wrote",
        "files": [_file(one, here) for one in row.enclosed], "lacking": row.lacking,
        "fetching": f"{here}messages/{row.pk}/fetching/" if any(one["why"] for one in row.lacking) else "",
        "state": state(row, ticket, viewer, now) if row.outbound_id else None,
        "origin": row.origin_id, "mood": mood if row.kind == Kind.IN else None,
        "split": f"{here}messages/{row.pk}/split/" if row.kind == Kind.IN else "",
    }  # fmt: skip


def _how(row: Any, ticket: Ticket) -> str:
    """“by mail”, “to Sofia by WhatsApp”, “note to the team”."""
    match row.kind:
        case Kind.NOTE:
            return "Note to the team"
        case Kind.OUT:
            return f"to {ticket.requester} by {way_of(row.channel)}"
        case Kind.AUTO:
            return f"automatic answer by {way_of(row.channel)}"
    beside = f" · {row.sender_handle}" if row.sender_handle and row.sender_handle != ticket.requester_handle else ""
    return f"by {Ticket.Channel(row.channel).spoken}{beside}"


def way_of(channel: str) -> str:
    """By which what we write leaves: forms are answered by mail."""
    way = delivering.ways.get(channel)
    return way.label if way else Ticket.Channel(channel).spoken


def _file(one: dict[str, Any], here: str) -> dict[str, Any]:
    image = one["content_type"].startswith("image/")
    return {"name": one["name"], "size": one["size"], "url": f"{here}files/{one['pk']}/",
            "icon": ui.icon("image" if image else "paperclip", 13)}  # fmt: skip


def state(row: Any, ticket: Ticket, viewer: User, now: datetime) -> dict[str, Any]:
    """What became of an answer: where it can still be called off, until when."""
    mail = address("outbox:detail", row.outbound_id)
    if row.outbound__state == State.DUE:
        if row.outbound__due_at > now:
            undo = f"{address('tickets:detail', ticket.pk)}messages/{row.pk}/calling-off/"
            return {"words": "leaves in a moment", "tone": "info", "due": row.outbound__due_at,
                    "undo": undo if row.user_id == viewer.pk else ""}  # fmt: skip
        return {"words": "waits to leave", "tone": "info", "why": mail, "reason": row.outbound__reason, "look": True}
    words, tone, look = _STATES[row.outbound__state]
    return {"words": words, "tone": tone, "why": mail, "reason": row.outbound__reason if look else "", "look": look}


@lru_cache(maxsize=256)
def _written(text: str) -> SafeString:
    return as_html(text.strip())


@lru_cache(maxsize=256)
def _heard(text: str, marked: tuple[str, ...]) -> SafeString:
    """Escaped, with links; the words by which a mood was told stand out."""
    made = mark_safe(linebreaks(ui.linked(text.strip())))  # noqa: S308  escaped inside
    if not marked:
        return made
    words = re.compile("|".join(re.escape(escape(word)) for word in sorted(marked, key=len, reverse=True)), re.I)
    parts = (part if part.startswith("<") else words.sub(r"<mark>\g<0></mark>", part) for part in _TAG.split(made))
    return mark_safe("".join(parts))  # noqa: S308  marks of ours in what was escaped above


_STATUS_ICONS = {
    "new": "undo-2", "open": "circle-dot", "pending": "clock", "on_hold": "pause", "solved": "check", "closed": "lock",
}  # fmt: skip


def _event(event: Event, ticket: Ticket) -> dict[str, Any] | None:
    line: dict[str, Any] = {"at": event.at, "id": f"event-{event.kind}-{event.at:%s%f}"}
    by = event.by or "Holdfast"
    match event.kind:
        case "status":
            label = "back to new" if event.what == "new" else Ticket.Status(event.what).label.lower()
            because = f": {event.because}" if event.because else ""
            told = f"{event.by} turned it {label}{because}" if event.by else f"It turned {label}{because}"
            return line | {"told": told, "icon": ui.icon(_STATUS_ICONS[event.what], 13)}
        case "assigned":
            whom = "themselves" if event.what and event.what == event.by else event.what or "nobody"
            return line | {"told": f"{by} gave it to {whom}", "icon": ui.icon("user-round", 13)}
        case "merged":
            return line | {"told": f"{by} merged #{event.beside} into this: {event.what}", "icon": ui.icon("merge", 13),
                           "url": address("tickets:detail", event.beside or 0)}  # fmt: skip
        case "rated":
            told = f"{event.by or 'The customer'} rated our help {rated(int(event.what))}"
            return line | {"told": told, "icon": ui.icon("star", 13), "words": event.because}
    return None


def rated(score: int) -> str:
    """“2 of 5, bad”."""
    return f"{score} of 5, {dict(SCORES)[score].lower()}"
