"""Which days somebody looks at, as addresses of insight have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from crm.segments.rules import day_start
from crm.web import clock

DAY = timedelta(days=1)
#: The longest stretch that is counted at once.
LONGEST = 2 * 366


class DaysError(ValueError):
    """The days of an address make no stretch; the message is a sentence for whoever asked."""


@dataclass(frozen=True, slots=True)
class Days:
    """From the first day to the last, both included, as the installation counts days."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def begin(self) -> datetime:
        return day_start(self.first, clock.zone())

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return day_start(self.last + DAY, clock.zone())

    @property
    def asked(self) -> dict[str, str]:
        """For an address."""
        return {"from": str(self.first), "to": str(self.last)}


def latest(days: int, now: datetime) -> tuple[date, date]:
    """The first and the last of so many days up to today."""
    today = clock.today(now)
    return today - (days - 1) * DAY, today


def said(values: Mapping[str, str], now: datetime) -> tuple[date, date] | None:
    """The first and the last day of an address (`from`, `to`), up to today; None: it says nothing. Raises DaysError."""
    texts = [values.get(name, "").strip() for name in ("from", "to")]
    if not any(texts):
        return None
    today = clock.today(now)
    try:
        first, last = (date.fromisoformat(text) for text in texts)
    except ValueError:
        raise DaysError("A period has a first and a last day, such as 2026-04-01 and 2026-06-30.") from None
    if first > last:
        raise DaysError("The last day is before the first one. Give them the other way round.")
    if first > today:
        raise DaysError("These days are still to come. Choose some up to today.")
    last = min(last, today)
    if (last - first).days >= LONGEST:
        raise DaysError("That is more than two years. Choose fewer days.")
    return first, last
