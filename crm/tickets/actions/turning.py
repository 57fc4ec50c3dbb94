"""Turning a ticket into another status. Clocks, pauses and reports all hang on its spells."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.accounts.models import Contact
from crm.history.actions import act, present_act
from crm.outbox import pressure
from crm.team.models import User
from crm.tickets import clocks, rating, rules
from crm.tickets.actions.saying import TicketError, lock, tell_timeline
from crm.tickets.models import Ticket, TicketSpell
from crm.timeline.models import TimelineEntry

Status = Ticket.Status

#: What the timeline says of it; other turns are the desk's own business.
_TOLD = {Status.SOLVED: ("ticket.solved", "Ticket solved")}


@transaction.atomic
def set_status(ticket: Ticket, status: str, by: User | None, now: datetime, because: str = "") -> bool:
    """Turn it; False: it has that status already. Raises TicketError for one that is closed or merged."""
    row = lock(ticket.pk)
    if row.status == status:
        ticket.status = status
        return False
    if row.merged_into_id:
        raise TicketError(f"#{row.pk} was merged into #{row.merged_into_id}. Work there, or take the merge back.")
    if row.status == Status.CLOSED:
        raise TicketError(f"#{row.pk} is closed for good. An answer of the customer begins a ticket that follows it.")
    with act("ticket.status", f"turned {row} {Status(status).label.lower()}", by, now, {"ticket": row.pk}):
        turn(row, status, by, now, because)
    ticket.status = row.status
    return True


def turn(row: Ticket, status: str, by: User | None, now: datetime, because: str = "") -> None:
    """The same of a ticket that the caller has locked, and saved."""
    was, row.status = row.status, status
    if was == status:
        return
    TicketSpell.objects.filter(ticket=row, ended_at=None).update(ended_at=now)
    spell = begin_spell(row, by, now, because)
    if rules.reopens(was, status):
        row.reopened += 1
        row.solved_at = row.closed_at = None
        tell_timeline(row, "ticket.reopened", "Ticket open again", now, now, by=by, key=_key(spell))
    if status == Status.SOLVED:
        row.solved_at = now
        _let_automation_on(row)
        rating.ask(row, spell, by, now)
    elif status == Status.CLOSED:
        row.closed_at = now
        row.solved_at = row.solved_at or now
    if told := _TOLD.get(Status(status)):
        tell_timeline(row, told[0], told[1], now, now, by=by, key=_key(spell))
    clocks.wind(row, now)
    row.updated_at = now
    row.save()


def begin_spell(row: Ticket, by: User | None, now: datetime, because: str = "") -> TicketSpell:
    return TicketSpell.objects.create(
        ticket=row, status=row.status, began_at=now, by=by, because=because[:200], act=present_act()
    )


def _key(spell: TicketSpell) -> str:
    return f"ticket-spell:{spell.pk}"


def untell(spell: TicketSpell) -> None:
    """What the timeline said of the turn it began with is gone, and whoever has not reacted to it will not."""
    TimelineEntry.objects.filter(key=_key(spell)).delete()


def pause_automation(row: Ticket, since: datetime) -> None:
    """Nothing automatic is written to somebody who waits for us `since` then: in the transaction of their message."""
    if row.contact_id is None:
        return
    until = since + pressure.rest_of(pressure.TICKET)
    if until > since and pressure.pause_automation([row.contact_id], until, f"They wait for us in #{row.pk}."):
        row.paused_until = until


def _let_automation_on(row: Ticket) -> None:
    """What this ticket paused goes on, unless somebody has paused it for longer since, or another ticket waits too."""
    if row.contact_id is None or row.paused_until is None:
        return
    waits = Ticket.objects.filter(contact=row.contact_id, status__in=rules.WAITS_FOR_US).exclude(pk=row.pk)
    if not waits.exists():
        paused = Contact.objects.filter(pk=row.contact_id, automation_paused_until=row.paused_until)
        paused.update(automation_paused_until=None, automation_paused_why="")
    row.paused_until = None
