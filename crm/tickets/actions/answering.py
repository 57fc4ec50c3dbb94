"""What we say: answers, which leave through the outbox, and notes among ourselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Min

from crm.team.models import User
from crm.tickets import clocks, delivering, rules
from crm.tickets.actions import drafting
from crm.tickets.actions.reviving import unturn
from crm.tickets.actions.saying import TicketError, lock, put
from crm.tickets.actions.turning import turn
from crm.tickets.models import Ticket, TicketFollower, TicketMessage, TicketSpell
from crm.tickets.telling import tell_of
from crm.touches.actions import colleagues_named
from crm.web.locks import take_turns

Kind = TicketMessage.Kind


@dataclass(frozen=True, slots=True)
class Written:
    """What one of ours wrote. `bundle` is the form's own: sent twice, it is one writing."""

    bundle: UUID
    text: str  # Markdown
    is_note: bool = False
    then: str = ""  # the status that it sets with it; blank: what follows from answering
    files: Sequence[Any] = ()
    seen: int | None = None  # the last `arrival` of the messages that the writer had before them
    channel: str = ""  # of `delivering.ways_to`; blank: the one that the customer used last


class Overtaken(TicketError):
    """Somebody has written meanwhile; `messages` are what the writer has not seen."""

    def __init__(self, messages: Sequence[TicketMessage]) -> None:
        super().__init__(f"{messages[0].sender} has written meanwhile. Read it, then send yours, or change it first.")
        self.messages = messages


@transaction.atomic
def write(ticket: Ticket, written: Written, by: User, now: datetime) -> TicketMessage:
    """An answer or a note. An answer leaves after a few seconds, on the channel that the customer used last unless
    another one is named: where they write next, the one after it leaves.

    Raises Overtaken, and TicketError if nothing can leave there.
    """
    take_turns(f"bundle:{written.bundle}")
    if old := TicketMessage.objects.filter(bundle=written.bundle, user=by).first():
        return old
    row = lock(ticket.pk)
    seen = _seen_by(row, written)
    _refuse(row, seen, written, now)
    message = TicketMessage.objects.create(
        ticket=row, kind=Kind.NOTE if written.is_note else Kind.OUT, channel=seen.reply_channel, user=by,
        text=written.text, occurred_at=now, created_at=now, bundle=written.bundle, was_status=row.status,
    )  # fmt: skip
    for file in written.files:
        put(message, file)
    drafting.sent(row, by, written.is_note, written.text)
    if written.is_note:
        _tell_mentioned(row, message, by, now)
        status = written.then or row.status
    else:
        delivering.deliver(seen, message, now)
        row.answered_at = row.answered_at or now
        if row.assignee is None:
            row.assignee, row.assigned_because = by, f"{by} answered first"
        status = rules.after_answer(row.status, written.then)
    row.updated_at = now
    turn(row, status, by, now)
    clocks.wind(row, now)
    row.save()
    return message


def _seen_by(row: Ticket, written: Written) -> Ticket:
    """The ticket as the channel of an answer sees it."""
    try:
        return delivering.by(row, "" if written.is_note else written.channel)
    except LookupError:
        label = dict(Ticket.Channel.choices).get(written.channel, written.channel[:20])
        raise TicketError(f"{row.requester} is not known by {label}. Choose another way, or leave it.") from None


def _refuse(row: Ticket, seen: Ticket, written: Written, now: datetime) -> None:
    if row.merged_into_id:
        raise TicketError(f"#{row.pk} was merged into #{row.merged_into_id}. Write there.")
    if written.is_note:
        return
    if row.status == Ticket.Status.CLOSED:
        raise TicketError(f"#{row.pk} is closed. Write to the customer anew, or wait for their answer.")
    if because := delivering.refusal(seen, now, written.text, [file.size for file in written.files]):
        raise TicketError(because)
    if written.seen is not None:
        missed = row.messages.arrived_after(written.seen).filter(kind__in=(Kind.IN, Kind.OUT), called_off_at=None)
        if rows := list(missed.in_order()[:10]):
            raise Overtaken(rows)


def _tell_mentioned(row: Ticket, message: TicketMessage, by: User, now: datetime) -> None:
    """Colleagues behind an @, who follow it from now on, and whoever followed it."""
    found = colleagues_named(message.text, lambda user: Ticket.objects.visible_to(user).filter(pk=row.pk).exists())
    named = list({user.pk: user for _, user in found if user != by}.values())
    TicketFollower.objects.bulk_create(
        [TicketFollower(ticket=row, user=user) for user in named], ignore_conflicts=True
    )  # fmt: skip
    url = f"{row.get_absolute_url()}#message-{message.pk}"
    if named:
        told, key = [user.pk for user in named], f"mention:ticket:{message.pk}"
        tell_of(row, told, "note.mention", f"{by} mentioned you in {row}", now, url=url, key=key, by=by)


@transaction.atomic
def call_off(message: TicketMessage, by: User, now: datetime) -> bool:
    """Stop an answer of one's own that has not left: its words are a draft again, and the status is what it was.

    False: it is gone. Again and again is as once.
    """
    row = lock(message.ticket_id)
    fresh = TicketMessage.objects.select_for_update(no_key=True).get(pk=message.pk)
    if fresh.user_id != by.pk or fresh.kind != Kind.OUT:
        raise TicketError("Only whoever wrote an answer can call it off.")
    if fresh.called_off_at:
        return True
    if not delivering.recall(fresh, by, now):
        return False
    fresh.called_off_at = now
    fresh.save(update_fields=["called_off_at"])
    drafting.keep(row, by, False, fresh.text, now)
    left = row.messages.filter(kind=Kind.OUT, called_off_at=None)
    row.answered_at = left.aggregate(first=Min("occurred_at"))["first"]
    row.updated_at = now
    if _turned(row, fresh):
        unturn(row, by, now)
    clocks.wind(row, now)
    row.save()
    return True


def _turned(row: Ticket, answer: TicketMessage) -> bool:
    """Whether the answer turned this ticket, and nothing has since: neither the customer, nor a merge."""
    spells = TicketSpell.objects.filter(ticket=row, ended_at=None, began_at=answer.occurred_at, by=answer.user)
    return bool(answer.was_status) and spells.exclude(status=answer.was_status).exists()
