"""How answers leave: each channel that a customer can write on has a way back, with rules of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crm.accounts.models import ContactHandle
from crm.correspondence.rules import UNDO_FOR
from crm.outbox import settling
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage
from crm.slots import Registry
from crm.team.models import User
from crm.tickets.models import Ticket, TicketMessage

#: The origin of what leaves, as `slots.letter_origins` and `slots.explainers` know it.
ORIGIN = "ticket"


@dataclass(frozen=True, slots=True)
class Composed:
    """What leaves, as its channel wants it. `others` are handles that get a copy of their own."""

    subject: str
    text: str
    references: Sequence[str] = ()  # the channel's own names of what it goes on with, the nearest first
    others: Sequence[str] = ()
    beside: Mapping[str, Any] = field(default_factory=dict)  # facts that the channel's sender needs


def plainly(ticket: Ticket, message: TicketMessage) -> Composed:
    return Composed(ticket.subject, message.text)


@dataclass(frozen=True, slots=True)
class Way:
    """`channel` is the outbox's. `refuses(ticket, now)` says why nothing can leave now; blank: it can. `objection` says
    why a text, with files of so many bytes each, does not. `is_open`: whether it is set up here at all."""

    channel: str
    label: str  # behind “Reply by”: mail
    refuses: Callable[[Ticket, datetime], str]
    compose: Callable[[Ticket, TicketMessage], Composed] = plainly
    objection: Callable[[Ticket, datetime, str, list[int]], str] = lambda ticket, now, text, sizes: ""
    is_open: Callable[[], bool] = lambda: True


#: By what the customer used last, of Ticket.Channel.
ways: Registry[Way] = Registry("way back")


@dataclass(frozen=True, slots=True)
class To:
    """Where an answer can leave to."""

    channel: str  # of Ticket.Channel
    handle: str  # address, number or id there
    label: str


def ways_to(ticket: Ticket) -> list[To]:
    """Where an answer leaves by itself, which is where the customer wrote last; then where else they are known, one of
    each kind. At most one query."""
    found = [To(ticket.reply_channel, ticket.requester_handle, ticket.reply_channel_spoken)]
    contact = ticket.contact
    if contact is None:
        return found
    handles = ContactHandle.objects.filter(contact=contact).order_by("-linked_at", "-pk")
    known = [(Ticket.Channel.MAIL.value, contact.email or ""), *handles.values_list("channel", "handle")]
    taken = {_way_of(ticket.reply_channel)}
    for channel, handle in known:
        way = ways.get(channel)
        if handle and way and way.channel not in taken and way.is_open():
            taken.add(way.channel)
            found.append(To(channel, handle, Ticket.Channel(channel).spoken))
    return found


def _way_of(channel: str) -> str:
    """Forms are answered by mail: one kind of way."""
    way = ways.get(channel)
    return way.channel if way else channel


def by(ticket: Ticket, channel: str) -> Ticket:
    """The ticket as an answer by this channel sees it, never to be saved; blank: as it is. Raises LookupError for a
    channel on which nobody knows whoever asks."""
    if channel in ("", ticket.reply_channel):
        return ticket
    to = next((one for one in ways_to(ticket) if one.channel == channel), None)
    if to is None:
        raise LookupError(channel)
    seen = copy(ticket)
    seen.reply_channel, seen.requester_handle = to.channel, to.handle
    return seen


def refusal(ticket: Ticket, now: datetime, text: str = "", sizes: Sequence[int] = ()) -> str:
    """Why no answer can leave, or not this one with files of so many bytes; blank: it can."""
    way = ways.get(ticket.reply_channel)
    if way is None:
        return f"Nothing can be sent by {ticket.reply_channel_spoken}. Write a note, or call."
    return way.refuses(ticket, now) or way.objection(ticket, now, text, list(sizes))


def deliver(
    ticket: Ticket, message: TicketMessage, now: datetime, category: str = "reply", keeps: timedelta | None = None
) -> None:  # fmt: skip
    """Plan what the outbox sends: an answer in a few seconds, so that it can be called off, all else at once.

    Each reader has a message of their own, so that one who cannot be reached keeps nobody waiting. What could not leave
    for as long as it `keeps` does not leave any more.
    """
    way, key = ways[ticket.reply_channel], f"ticket:{message.pk}"
    composed = way.compose(ticket, message)
    due_at = now + UNDO_FOR if message.kind == TicketMessage.Kind.OUT else now
    facts = {"subject": composed.subject, "text": composed.text, **composed.beside}

    def draft(key: str, to: str, contact_id: int | None) -> Draft:
        return Draft(
            key=key, category=category, template_id=template("{{ subject }}", "{{ text }}"), due_at=due_at,
            account_id=ticket.account_id, contact_id=contact_id, facts=facts, expires_at=now + keeps if keeps else None,
            origin=ORIGIN, origin_id=message.pk, channel=way.channel, addressed_to=to,
        )  # fmt: skip

    copies = [draft(f"{key}:{place}", to, None) for place, to in enumerate(composed.others, 1)]
    first = draft(key, ticket.requester_handle, ticket.contact_id)
    message.outbound_id = enqueue([first, *copies], now=now)[key]
    own = ticket.requester_handle or (ticket.contact and ticket.contact.email) or ""
    name = str(ticket.contact or ticket.requester_name)
    message.recipients = [[name, own], *(["", to] for to in composed.others)]
    message.subject, message.references = composed.subject[:300], list(composed.references)
    message.save(update_fields=["outbound", "recipients", "subject", "references"])


def recall(message: TicketMessage, by: User, now: datetime) -> bool:
    """Stop it for all who were to read it, in the caller's transaction. False: for one of them it is gone."""
    rows = OutboundMessage.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
    planned = list(rows.filter(origin=ORIGIN, origin_id=message.pk))
    states = OutboundMessage.State
    if any(one.state not in (states.DUE, states.CANCELLED) for one in planned):
        return False
    for one in planned:
        if one.state == states.DUE:
            settling.cancel(one.pk, "Called off by whoever wrote it.", by, now)
    return True
