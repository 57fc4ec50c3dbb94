"""Which days somebody looks at, and by what the figures are told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from crm.segments.rules import day_start
from crm.web import clock

DAY = timedelta(days=1)
#: Ready-made stretches in days, and the longest of one's own.
READY = (7, 30, 90, 365)
USUAL, LONGEST = 30, 2 * 366
#: What figures are told apart by: the name in addresses → label.
BY = {"assignee": "Agent", "team": "Team", "channel": "Channel", "category": "Category"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """From the first day to the last, both included, as the installation counts days."""

    first: date
    last: date
    by: str = "assignee"

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

    def query(self, **other: str) -> str:
        """For an address, with something else instead."""
        return urlencode({"from": str(self.first), "to": str(self.last), "by": self.by} | other)

    def within(self, field: str) -> list[dict[str, object]]:
        """The conditions of the filter language that a moment lies in it."""
        return [
            {"field": field, "op": "after", "value": str(self.first - DAY)},
            {"field": field, "op": "before", "value": str(self.last + DAY)},
        ]


def last_days(days: int, now: datetime, by: str = "assignee") -> Stretch:
    today = clock.today(now)
    return Stretch(today - timedelta(days=days - 1), today, by)


def asked(values: Mapping[str, str], now: datetime) -> Stretch:
    """As an address has it; what makes no sense is the usual one."""
    by = values.get("by", "")
    by = by if by in BY else "assignee"
    try:
        first, last = date.fromisoformat(values.get("from", "")), date.fromisoformat(values.get("to", ""))
    except ValueError:
        return last_days(USUAL, now, by)
    last = min(last, clock.today(now))
    if not timedelta() <= last - first < timedelta(days=LONGEST):
        return last_days(USUAL, now, by)
    return Stretch(first, last, by)
