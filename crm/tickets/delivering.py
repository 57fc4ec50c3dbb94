"""How answers leave: each channel that a customer can write on has a way back, with rules of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

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
    why a text, with files of so many bytes each, does not."""

    channel: str
    label: str  # behind “Reply by”: mail
    refuses: Callable[[Ticket, datetime], str]
    compose: Callable[[Ticket, TicketMessage], Composed] = plainly
    objection: Callable[[str, list[int]], str] = lambda text, sizes: ""


#: By what the customer used last, of Ticket.Channel.
ways: Registry[Way] = Registry("way back")


def refusal(ticket: Ticket, now: datetime, text: str = "", sizes: Sequence[int] = ()) -> str:
    """Why no answer can leave, or not this one with files of so many bytes; blank: it can."""
    way = ways.get(ticket.reply_channel)
    if way is None:
        return f"Nothing can be sent by {ticket.reply_channel_spoken}. Write a note, or call."
    return way.refuses(ticket, now) or way.objection(text, list(sizes))


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
