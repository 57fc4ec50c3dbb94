"""People are told before a limit passes, and once it has: by when it is due, and each of it once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Min

from crm.tickets import clocks
from crm.tickets.actions.saying import tell_timeline
from crm.tickets.models import Ticket, TicketSpell
from crm.tickets.rules.clock_words import span
from crm.tickets.telling import Readers, tell_of

#: Tickets of which people are told in one transaction.
SLICE = 50

_WORDS = {"answer": "answered", "solve": "solved"}


@transaction.atomic
def warn(now: datetime) -> int:
    """A slice of the tickets whose next alarm has come."""
    due = Ticket.objects.filter(alarm_at__lte=now).prefetch_related("account", "level")
    rows = list(due.order_by("alarm_at", "pk").select_for_update(of=("self",), no_key=True, skip_locked=True)[:SLICE])
    if not rows:
        return 0
    desk, readers = clocks.Desk(), Readers(rows)
    spells: dict[int, list[TicketSpell]] = {row.pk: [] for row in rows}
    for spell in TicketSpell.objects.filter(ticket__in=rows).order_by("began_at", "pk"):
        spells[spell.ticket_id].append(spell)
    for row in rows:
        _tell(row, desk, spells[row.pk], readers, now)
        clocks.wind(row, now, desk, spells[row.pk])
    Ticket.objects.bulk_update(rows, [*clocks.WOUND, "warned_at"])
    return len(rows)


def next_alarm(now: datetime) -> datetime | None:
    at: datetime | None = Ticket.objects.filter(alarm_at__gt=now).aggregate(at=Min("alarm_at"))["at"]
    return at


def _tell(row: Ticket, desk: clocks.Desk, spells: list[TicketSpell], readers: Readers, now: datetime) -> None:
    """What has come by its clocks as they stand now; that a limit is near is old news once it has passed."""
    reading = desk.read(row, desk.level_of(row), now, spells)
    come = [name for at, name in clocks.alarms(reading) if at <= now and name not in row.alarms]
    for name in come:
        limit = name.removesuffix("!")
        if name.endswith("!"):
            _overdue(row, limit, readers, now)
        elif f"{limit}!" not in come:
            course = reading.answer if limit == "answer" else reading.solve
            _near(row, limit, span((course.target or course.used) - course.used), readers, now)
    row.alarms = sorted({*row.alarms, *come})


def _near(row: Ticket, limit: str, left: str, readers: Readers, now: datetime) -> None:
    row.warned_at = now
    text = f"{left} left until {row} must be {_WORDS[limit]}"
    people = readers.handlers(row) | readers.leads(row)
    tell_of(row, people, "ticket.near", text, now, key=f"ticket-near:{row.pk}:{limit}")


def _overdue(row: Ticket, limit: str, readers: Readers, now: datetime) -> None:
    text = f"{row} should have been {_WORDS[limit]} by now"
    people = readers.handlers(row) | readers.leads(row)
    key = f"ticket-overdue:{row.pk}:{limit}"
    tell_of(row, people, "ticket.overdue", text, now, key=key)
    told = "Ticket not answered in time" if limit == "answer" else "Ticket not solved in time"
    tell_timeline(row, "ticket.overdue", told, now, now, key=key, limit=limit, level=str(row.level or ""))
