"""Which days of a pipeline somebody looks at, and those just before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from crm.segments.rules import day_start
from crm.web import clock

DAY = timedelta(days=1)
#: Ready-made periods in days, the one that a page opens with, and the longest of one's own.
READY = (30, 90, 180, 365)
USUAL, LONGEST = 90, 2 * 366


class PeriodError(ValueError):
    """The days of an address make no period; the message is a sentence for whoever asked."""


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both included, as the installation counts days. `now` bounds it: what is still
    to come of its last day counts nowhere."""

    first: date
    last: date
    now: datetime

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def begin(self) -> datetime:
        return day_start(self.first, clock.zone())

    @property
    def until(self) -> datetime:
        """The first moment that it does not know of: figures say how all stood then, tomorrow as today."""
        return min(day_start(self.last + DAY, clock.zone()), self.now)

    @property
    def before(self) -> Period:
        """As many days, up to this one's first."""
        return Period(self.first - self.days * DAY, self.first - DAY, self.now)

    @property
    def asked(self) -> dict[str, str]:
        """For an address."""
        return {"from": str(self.first), "to": str(self.last)}


def last_days(days: int, now: datetime) -> Period:
    today = clock.today(now)
    return Period(today - (days - 1) * DAY, today, now)


def asked(values: Mapping[str, str], now: datetime) -> Period:
    """As an address has it, up to today; the usual one where it says nothing. Raises PeriodError."""
    said = [values.get(name, "").strip() for name in ("from", "to")]
    if not any(said):
        return last_days(USUAL, now)
    today = clock.today(now)
    try:
        first, last = (date.fromisoformat(text) for text in said)
    except ValueError:
        raise PeriodError("A period has a first and a last day, such as 2026-04-01 and 2026-06-30.") from None
    if first > last:
        raise PeriodError("The last day is before the first one. Give them the other way round.")
    if first > today:
        raise PeriodError("These days are still to come. The forecast tells of them.")
    last = min(last, today)
    if (last - first).days >= LONGEST:
        raise PeriodError("That is more than two years. Choose fewer days.")
    return Period(first, last, now)
