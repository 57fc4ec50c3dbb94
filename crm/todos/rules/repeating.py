"""When a task that comes again is due next: arithmetic of calendars, in the zone of whoever has it to do."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from crm.web import wording
from crm.web.rules import local_moment

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: As a day of the month: the last, whichever that is.
LAST = 31


@dataclass(frozen=True, slots=True)
class Repeat:
    """Every day, on days of the week, on a day of the month, or on a day of the year; always at the same wall clock.

    A month that has no such day takes its last one: monthly on the 31st is on the 28th in February, and on the 31st
    again in March; yearly on 29 February is on the 28th in common years.
    """

    every: str  # daily | weekly | monthly | yearly
    at: time
    days: tuple[int, ...] = ()  # of a week: Monday is 0
    day: int = 0  # of a month or year; LAST
    month: int = 0  # of a year

    @classmethod
    def parse(cls, text: str) -> Self:
        """`daily 09:00`, `weekly mon,thu 09:00`, `monthly 15 09:00`, `monthly last 09:00`, `yearly 02-29 09:00`.

        What `str` makes. Raises ValueError.
        """
        every, *on, at = text.split(" ")
        clock = time.fromisoformat(at)
        match every, on:
            case "daily", []:
                return cls(every, clock)
            case "weekly", [names]:
                return cls(every, clock, days=tuple(sorted({WEEKDAYS.index(name) for name in names.split(",")})))
            case "monthly", [number]:
                return cls(every, clock, day=LAST if number == "last" else _within(int(number), LAST))
            case "yearly", [month_day]:
                month, _, day = month_day.partition("-")
                known = date(2000, int(month), int(day))  # a leap year
                return cls(every, clock, day=known.day, month=known.month)
        raise ValueError(f"{text!r} says not how often")

    def __str__(self) -> str:
        on = {
            "daily": "", "weekly": ",".join(WEEKDAYS[day] for day in self.days) + " ",
            "monthly": f"{'last' if self.day == LAST else self.day} ", "yearly": f"{self.month:02}-{self.day:02} ",
        }[self.every]  # fmt: skip
        return f"{self.every} {on}{self.at:%H:%M}"

    @property
    def words(self) -> str:
        """As people say it, without the hour: “every Monday and Thursday”, “monthly on the last day”."""
        if self.every == "daily":
            return "every day"
        if self.every == "weekly":
            return f"every {wording.listed(_NAMES[day] for day in self.days)}"
        if self.every == "monthly":
            return "monthly on the last day" if self.day == LAST else f"monthly on the {_ordinal(self.day)}"
        return f"yearly on {self.day} {date(2000, self.month, 1):%B}"

    def after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """The first time strictly after `moment`, in UTC.

        An hour that the clock jumps over is the first moment after the jump; of one that comes twice, the first.
        """
        coming = (local_moment(day, self.at, zone) for day in self._days_from(moment.astimezone(zone).date()))
        return next(due for due in coming if due > moment)

    def _days_from(self, start: date) -> Iterator[date]:
        if self.every in ("daily", "weekly"):
            for ahead in range(15):
                day = start + timedelta(days=ahead)
                if self.every == "daily" or day.weekday() in self.days:
                    yield day
        elif self.every == "monthly":
            for ahead in range(3):
                years, month = divmod(start.month - 1 + ahead, 12)
                yield _in_month(start.year + years, month + 1, self.day)
        else:
            for year in range(start.year, start.year + 3):
                yield _in_month(year, self.month, self.day)


def _in_month(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def _within(number: int, most: int) -> int:
    if not 1 <= number <= most:
        raise ValueError(f"there is no day {number}")
    return number


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number not in (11, 12, 13) else "th"
    return f"{number}{ending}"
