"""What an act had closed stands as it did before, once that act is taken back."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, Min, Q

from crm.team.models import User
from crm.tickets import clocks, rules
from crm.tickets.actions.turning import begin_spell, turn
from crm.tickets.models import Ticket, TicketMessage, TicketSpell

Kind = TicketMessage.Kind


def standing(row: Ticket) -> dict[str, str | None]:
    """For the act's detail: how it stands, before the act closes it."""
    return {"status": row.status, "solved_at": row.solved_at.isoformat() if row.solved_at else None}


def close(row: Ticket, by: User | None, now: datetime, because: str) -> None:
    """For a reason that is none of the customer's. The caller has locked it and taken down its `standing`."""
    turn(row, Ticket.Status.CLOSED, by, now, because)


def revive(row: Ticket, was: dict[str, str | None], by: User | None, now: datetime, because: str) -> None:
    """Back to what `standing` said; nobody has opened it again, so nothing is counted or told. The caller has locked
    it."""
    status = str(was["status"])
    if row.status == status:
        return
    row.status, row.closed_at = status, None
    row.solved_at = datetime.fromisoformat(was["solved_at"]) if was["solved_at"] and status in rules.DONE else None
    TicketSpell.objects.filter(ticket=row, ended_at=None).update(ended_at=now)
    begin_spell(row, by, now, because)
    keep(row, now)


def keep(row: Ticket, now: datetime) -> None:
    """Derive anew what hangs on its messages, after some came or went, and save it."""
    said = row.messages.aggregate(
        asked=Max("occurred_at", filter=Q(kind=Kind.IN)),
        answered=Min("occurred_at", filter=Q(kind=Kind.OUT, called_off_at=None)),
    )
    row.asked_at, row.answered_at, row.updated_at = said["asked"], said["answered"], now
    clocks.wind(row, now)
    row.save()
