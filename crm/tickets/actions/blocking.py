"""Spam, and senders whom nobody hears any more."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import Undone
from crm.team.models import User
from crm.tickets.actions.reviving import close, revive, standing
from crm.tickets.actions.saying import TicketError, lock
from crm.tickets.models import BlockedSender, Ticket

KIND = "ticket.spam"


@transaction.atomic
def mark_as_spam(ticket: Ticket, by: User, now: datetime, *, block: bool) -> Act:
    """It closes and counts nowhere; with `block` its sender begins no ticket any more. Raises TicketError."""
    row = lock(ticket.pk)
    if row.merged_into_id:
        raise TicketError(f"#{row.pk} was merged into #{row.merged_into_id}. Take that back first.")
    if row.is_spam:
        raise TicketError(f"#{row.pk} is marked as spam already.")
    if block and not row.requester_handle:
        raise TicketError("Nobody knows where this came from, so nobody can be blocked. Mark it as spam alone.")
    with act(KIND, f"marked {row} as spam", by, now, {"ticket": row.pk, "was": standing(row)}) as made:
        if block:
            made.label = f"marked {row} as spam, and blocked {row.requester_handle}"
            made.detail["blocked"] = _block(row, by, now)
        row.is_spam = True
        close(row, by, now, "spam")
        row.updated_at = now
        row.save()
    return made


def _block(row: Ticket, by: User, now: datetime) -> int | None:
    """The new block; None: there was one."""
    found, new = BlockedSender.objects.get_or_create(
        channel=row.reply_channel, handle=row.requester_handle, defaults={"by": by, "at": now}
    )
    return found.pk if new else None


def is_none(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo: it is no spam, and its sender is heard."""
    row = lock(done.detail["ticket"])
    if blocked := done.detail.get("blocked"):
        BlockedSender.objects.filter(pk=blocked).delete()
    row.is_spam = False
    revive(row, done.detail["was"], by, now, "it was no spam")
    row.updated_at = now
    row.save()
    return Undone(1)
