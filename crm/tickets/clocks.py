"""Until when a ticket is to be answered and solved: its level's targets, on the clock of business hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from functools import cached_property

from crm.team.hours import Hours
from crm.team.models import BusinessHours
from crm.tickets.models import OPEN, ServiceLevel, Ticket, TicketSettings, TicketSpell
from crm.tickets.rules import clock_words
from crm.tickets.rules.clock import Always, OpenTime, Reading, Spell, Targets, read
from crm.web import clock
from crm.web.models import Walk
from crm.web.nightly import Nightly

#: Open tickets whose clocks are wound in one transaction.
SLICE = 100

#: What `wind` derives.
WOUND = (
    "level", "answer_by", "solve_by", "answer_minutes", "solve_minutes", "overran", "alarm_at", "alarms",
)  # fmt: skip


class Desk:
    """What clocks go by, read once for as many tickets as one likes."""

    @cached_property
    def levels(self) -> list[ServiceLevel]:
        return list(ServiceLevel.objects.filter(archived_at=None))

    @cached_property
    def warns_at(self) -> int:
        return TicketSettings.the_only().warns_at

    @cached_property
    def _hours(self) -> dict[int | None, Hours]:
        """By team; under None those of the house."""
        rows = BusinessHours.objects.prefetch_related("holidays")
        return {None: BusinessHours().as_rules()} | {row.team_id: row.as_rules() for row in rows}

    def hours(self, team_id: int | None) -> Hours:
        return self._hours.get(team_id) or self._hours[None]

    def level_of(self, row: Ticket) -> ServiceLevel | None:
        """The first that fits the customer's tier; none for what wants no answer: only machines wrote it, too."""
        if row.is_spam or row.merged_into_id or row.asked_at is None:
            return None
        tier = row.account.tier if row.account else ""
        return next((level for level in self.levels if not level.tiers or tier in level.tiers), None)

    def course(self, row: Ticket, level: ServiceLevel | None) -> tuple[OpenTime, Targets]:
        """On which clock the ticket's level goes, and how far."""
        if level is None:
            return self.hours(row.team_id), Targets()
        limits = level.targets.get(Ticket.Priority(row.priority).name.lower(), {})
        hours = Always() if level.always else self.hours(row.team_id)
        return hours, Targets(limits.get("answer"), limits.get("solve"))

    def read(
        self, row: Ticket, level: ServiceLevel | None, now: datetime, spells: Sequence[TicketSpell] | None = None
    ) -> Reading:
        rows = TicketSpell.objects.filter(ticket=row).order_by("began_at", "pk") if spells is None else spells
        stretches = [Spell(one.status, one.began_at, one.ended_at) for one in rows]
        return read(stretches, *self.course(row, level), row.answered_at, now, self.warns_at)


def wind(
    row: Ticket, now: datetime, desk: Desk | None = None, spells: Sequence[TicketSpell] | None = None
) -> None:  # fmt: skip
    """Derive level and limits of a locked ticket from its spells; the caller saves it."""
    desk = desk or Desk()
    row.level = desk.level_of(row)
    reading = desk.read(row, row.level, now, spells)
    row.answer_by = reading.answer.due if reading.answer.goes_on else None
    row.solve_by = reading.solve.due if reading.solve.goes_on else None
    row.answer_minutes = reading.answer.minutes if row.answered_at else None
    row.solve_minutes = reading.solve.minutes if row.solved_at else None
    row.overran = reading.answer.over or reading.solve.over
    row.alarm_at = min((at for at, name in alarms(reading) if name not in row.alarms), default=None)


def alarms(reading: Reading) -> Iterator[tuple[datetime, str]]:
    """When people are to be told what, by limits that still run: “solve” that it is near, “solve!” that it passed."""
    for name, course in (("answer", reading.answer), ("solve", reading.solve)):
        if course.goes_on and course.due and course.near:
            yield course.near, name
            yield course.due, f"{name}!"


# When levels or hours change ------------------------------------------------------------------------------------------


def ask_to_wind(now: datetime) -> None:
    """Let all open tickets be wound anew: for whoever changes levels, hours or holidays, in their transaction."""
    anew = {"day": None, "stage": len(WINDING.stages), "position": 0}
    Walk.objects.update_or_create(name=WINDING.name, defaults=anew)


def _wind_open(walk: Walk, now: datetime) -> int:
    """What a change of ours has made late is shown, and nobody is told of it: it would be everybody, at once."""
    open_ones = Ticket.objects.filter(status__in=OPEN, pk__gt=walk.position).prefetch_related("account")
    rows = list(open_ones.order_by("pk").select_for_update(of=("self",), no_key=True)[:SLICE])
    if not rows:
        return 0
    spells: dict[int, list[TicketSpell]] = defaultdict(list)
    for spell in TicketSpell.objects.filter(ticket__in=rows).order_by("began_at", "pk"):
        spells[spell.ticket_id].append(spell)
    desk = Desk()
    for row in rows:
        past = [name for at, name in alarms(desk.read(row, desk.level_of(row), now, spells[row.pk])) if at <= now]
        row.alarms = sorted({*row.alarms, *past})
        wind(row, now, desk, spells[row.pk])
    Ticket.objects.bulk_update(rows, WOUND)
    walk.position = rows[-1].pk
    return len(rows)


#: Once a day without being asked, too: customers change their tier.
WINDING = Nightly("tickets.clocks", (_wind_open,))


# For people -----------------------------------------------------------------------------------------------------------


def explain(ticket: Ticket, now: datetime, zone: tzinfo | None = None) -> list[clock_words.Line]:
    """How its clocks stand and how that came, for a page; times in `zone`. Nothing for one without a level."""
    if ticket.level is None:
        return []
    desk = Desk()
    hours, _ = desk.course(ticket, ticket.level)
    reading = desk.read(ticket, ticket.level, now)
    return clock_words.lines(reading, hours, ticket.answered_at, ticket.solved_at, now, zone or clock.zone())
