"""When a task is due, in stretches and in words. Days and clocks are the viewer's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

#: The hour a task is due or comes back when nobody named another.
MORNING = time(9)

#: When what should happen today happens, once the morning has passed.
LATER_TODAY = (time(13), time(17), time(20))

#: So much later is “later today” for a task that is put off.
LATER = timedelta(hours=3)

#: From so many days of being late on a task cannot get more urgent.
LATE_DAYS_WORST = 14

#: How long a task that was done stays in sight.
DONE_LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where Late, Today, This week and Later meet: each stretch is half-open."""

    now: datetime
    tomorrow: datetime  # the first moment of the viewer's tomorrow
    monday: datetime  # the first moment of the viewer's next week

    def stretch(self, section: str) -> tuple[datetime | None, datetime | None]:
        """From when until before when a task of the section is due. Raises KeyError."""
        return {
            "late": (None, self.now),
            "today": (self.now, self.tomorrow),
            "week": (self.tomorrow, self.monday),
            "later": (self.monday, None),
        }[section]


def bounds(now: datetime, zone: tzinfo) -> Bounds:
    today = now.astimezone(zone).date()
    midnight = _at(today + timedelta(days=1), time(0), zone)
    return Bounds(now, midnight, _at(_monday_after(today), time(0), zone))


def tomorrow_morning(now: datetime, zone: tzinfo) -> datetime:
    return morning_of(now.astimezone(zone).date() + timedelta(days=1), zone)


def monday_morning(now: datetime, zone: tzinfo) -> datetime:
    """Of the week to come: on a Monday that is in seven days."""
    return morning_of(_monday_after(now.astimezone(zone).date()), zone)


def later_today(now: datetime, zone: tzinfo) -> datetime:
    """Three hours on, at a full quarter of an hour; late in the evening that is the next morning."""
    local = (now + LATER).astimezone(zone)
    later = local - timedelta(minutes=local.minute % 15, seconds=local.second, microseconds=local.microsecond)
    return later.astimezone(UTC) if later.date() == now.astimezone(zone).date() else tomorrow_morning(now, zone)


def morning_of(day: date, zone: tzinfo) -> datetime:
    return _at(day, MORNING, zone)


def due_words(due_at: datetime, now: datetime, zone: tzinfo) -> str:
    """As one says it: "was due yesterday", "today 15:00", "Friday 09:00", "3 August"."""
    due, today = due_at.astimezone(zone), now.astimezone(zone).date()
    days, at = (due.date() - today).days, f"{due:%H:%M}"
    if due_at < now:
        return _past(-days, at)
    if days < 2:
        return f"{'tomorrow' if days else 'today'} {at}"
    if days < 7:
        return f"{due:%A} {at}"
    return f"{due.day} {due:%B}" if due.year == today.year else f"{due.day} {due:%B %Y}"


def _past(days: int, at: str) -> str:
    if days == 0:
        return f"was due today {at}"
    return "was due yesterday" if days == 1 else f"was due {days} days ago"


def _monday_after(day: date) -> date:
    return day + timedelta(days=7 - day.weekday())


def _at(day: date, clock: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)


def lateness_urgency(days: int) -> float:
    """Of a task that is so many days late, for Today: a half on its day, 1 from LATE_DAYS_WORST days on."""
    return 0.5 + 0.5 * min(days, LATE_DAYS_WORST) / LATE_DAYS_WORST
