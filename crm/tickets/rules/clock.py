"""The two clocks of a ticket: until when it is to be answered and solved, and how much of that time is used.

The clock of the answer runs until the first one, while the ticket is not solved. The clock of the solution runs while
it waits for us, stands still while it waits for somebody else, and goes on with what was used when it is opened again.
Both are read from the ticket's spells alone: whoever changes a target reads them again, as if it had always held.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from crm.tickets.rules import DONE, PAUSES, WAITS_FOR_US

MINUTE = timedelta(minutes=1)


class OpenTime(Protocol):
    """When the clock goes on: `crm.team.hours.Hours`, or `Always`."""

    def add_open_time(self, start: datetime, duration: timedelta) -> datetime | None: ...
    def open_time_between(self, start: datetime, end: datetime) -> timedelta: ...
    def stretches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]: ...


class Always:
    """Day and night, on holidays too."""

    def add_open_time(self, start: datetime, duration: timedelta) -> datetime | None:
        return start.astimezone(UTC) + duration

    def open_time_between(self, start: datetime, end: datetime) -> timedelta:
        return max(end - start, timedelta())

    def stretches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        if start < end:
            yield start, end


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of time in one status, half-open; the last one may have no end yet."""

    status: str
    began_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Targets:
    """In minutes; None is no limit."""

    answer: int | None = None
    solve: int | None = None


type Run = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class Course:
    """How one of the clocks stands."""

    runs: Sequence[Run]  # while it went on, in order; the last may have no end
    target: timedelta | None
    used: timedelta
    due: datetime | None  # when the target is used up, or was; None: never, as things stand
    near: datetime | None  # when the share is used that people are warned at

    @property
    def goes_on(self) -> bool:
        return bool(self.runs) and self.runs[-1][1] is None

    @property
    def over(self) -> bool:
        """From the moment on at which the target is used up: what happens at `due` is late."""
        return self.target is not None and self.used >= self.target

    @property
    def minutes(self) -> int:
        """Whole ones that are used."""
        return self.used // MINUTE


@dataclass(frozen=True, slots=True)
class Reading:
    answer: Course
    solve: Course
    paused_since: datetime | None  # of the solution's clock


def read(
    spells: Sequence[Spell], hours: OpenTime, targets: Targets, answered_at: datetime | None, now: datetime,
    warns_at: int = 75,
) -> Reading:  # fmt: skip
    """How the clocks stand at `now`, by spells in order. `warns_at` is per cent of a limit."""
    answering = [
        (spell.began_at, _earlier(spell.ended_at, answered_at))
        for spell in spells
        if spell.status not in DONE and (answered_at is None or spell.began_at < answered_at)
    ]
    solving = [(spell.began_at, spell.ended_at) for spell in spells if spell.status in WAITS_FOR_US]
    last = spells[-1] if spells else None
    return Reading(
        _course(answering, hours, targets.answer, now, warns_at),
        _course(solving, hours, targets.solve, now, warns_at),
        last.began_at if last and last.status in PAUSES else None,
    )


def _earlier(end: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (end, other) if at), default=None)


def _course(runs: Sequence[Run], hours: OpenTime, minutes: int | None, now: datetime, warns_at: int) -> Course:
    used = sum((hours.open_time_between(begin, min(end or now, now)) for begin, end in runs), timedelta())
    if minutes is None:
        return Course(runs, None, used, None, None)
    target = minutes * MINUTE
    return Course(runs, target, used, _used_up(runs, hours, target), _used_up(runs, hours, target * warns_at / 100))


def _used_up(runs: Sequence[Run], hours: OpenTime, amount: timedelta) -> datetime | None:
    """When the clock has gone on for so long, as early as possible; the last run goes on as it does now."""
    for begin, end in runs:
        if end is None:
            return hours.add_open_time(begin, amount)
        within = hours.open_time_between(begin, end)
        if within >= amount:
            return hours.add_open_time(begin, amount)
        amount -= within
    return None
