"""How the clocks of a ticket read: “Answer within 2 h of business hours: began Mon 16:40, closed until 09:00, …”."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise

from crm.tickets.rules.clock import MINUTE, Always, Course, OpenTime, Reading

#: Stretches without work that are told one by one; of more only how many there were.
_MOST_CLOSED = 3
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Line:
    """One of the clocks. `used` is per cent of the target, at most 100."""

    title: str  # “Answer within 2 h of business hours”
    state: str  # “22 min left”
    tone: str  # of a badge
    used: int
    due: datetime | None  # if it runs now
    steps: tuple[str, ...]  # how that came, in order

    @property
    def sentence(self) -> str:
        return f"{self.title}: {', '.join((*self.steps, self.state))}"


def span(length: timedelta, always: bool = False) -> str:
    """“22 min”, “2 h”, “1 h 30 min”; days only where they have 24 hours."""
    minutes = max(0, length // MINUTE)
    days, minutes = divmod(minutes, DAY // MINUTE) if always else (0, minutes)
    hours, rest = divmod(minutes, 60)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{rest} min" if rest else ""]
    return " ".join(filter(None, parts)) or "0 min"


def lines(
    reading: Reading, hours: OpenTime, answered_at: datetime | None, solved_at: datetime | None, now: datetime,
    zone: tzinfo,
) -> list[Line]:  # fmt: skip
    """One for each clock that has a limit."""
    paused = f"paused since {_at(reading.paused_since, now, zone)}" if reading.paused_since else ""
    return [
        _line(name, course, hours, done, at, still, now, zone)
        for name, course, done, at, still in (
            ("Answer", reading.answer, "answered", answered_at, ""),
            ("Solve", reading.solve, "solved", solved_at, paused),
        )
        if course.target
    ]


def _line(
    name: str, course: Course, hours: OpenTime, done: str, at: datetime | None, paused: str, now: datetime, zone: tzinfo
) -> Line:
    always, target = isinstance(hours, Always), course.target or timedelta()
    within = f"{name} within {span(target, always)}{'' if always else ' of business hours'}"
    if at:
        state, tone = f"{done} after {span(course.used, always)}", "bad" if course.over else "good"
    elif course.over:
        state, tone = f"{span(course.used - target, always)} over", "bad"
    else:
        state = f"{span(target - course.used, always)} left"
        tone = "warn" if course.goes_on and course.near and course.near <= now else ""
    steps = _steps(course, hours, now, zone)
    if paused and not at:
        steps = (*steps, paused)
    share, due = min(100, int(course.used * 100 / target)), course.due if course.goes_on else None
    return Line(within, state, tone, share, due, steps)


def _steps(course: Course, hours: OpenTime, now: datetime, zone: tzinfo) -> tuple[str, ...]:
    if not course.runs:
        return ()
    still = [(end, begin) for (_, end), (begin, _) in pairwise(course.runs) if end and begin - end >= MINUTE]
    closed = [gap for begin, end in course.runs for gap in _closed(hours, begin, min(end or now, now))]
    told = [(begin, end, "stood still") for begin, end in still]
    if len(closed) <= _MOST_CLOSED:
        told += [(begin, end, "closed") for begin, end in closed]
    words = [f"{what} {_at(begin, now, zone)} – {_at(end, now, zone)}" for begin, end, what in sorted(told)]
    often = [f"closed {len(closed)} times"] if len(closed) > _MOST_CLOSED else []
    return (f"began {_at(course.runs[0][0], now, zone)}", *words, *often)


def _closed(hours: OpenTime, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Stretches between the two during which nobody is at work."""
    at = begin
    for opens, closes in hours.stretches(begin, end):
        if opens > at:
            yield at, opens
        at = closes
    if at < end:
        yield at, end


def _at(moment: datetime, now: datetime, zone: tzinfo) -> str:
    """The weekday says which day it was for a week; longer ago, the date."""
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    near = abs((today - local.date()).days) < 7
    return f"{local:%a %H:%M}" if near else f"{local.day} {local:%b %H:%M}"
