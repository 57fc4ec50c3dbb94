"""Which days of the desk somebody looks at, and by what the figures are told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from crm.segments.days import DAY, Days, DaysError, latest, said

#: Ready-made stretches in days, and the one that a page opens with.
READY = (7, 30, 90, 365)
USUAL = 30
#: What figures are told apart by: the name in addresses → label.
BY = {"assignee": "Agent", "team": "Team", "channel": "Channel", "category": "Category"}


@dataclass(frozen=True, slots=True)
class Stretch(Days):
    by: str = "assignee"

    def query(self, **other: str) -> str:
        """For an address, with something else instead."""
        return urlencode(self.asked | {"by": self.by} | other)

    def within(self, field: str) -> list[dict[str, object]]:
        """The conditions of the filter language that a moment lies in it."""
        return [
            {"field": field, "op": "after", "value": str(self.first - DAY)},
            {"field": field, "op": "before", "value": str(self.last + DAY)},
        ]


def last_days(days: int, now: datetime, by: str = "assignee") -> Stretch:
    return Stretch(*latest(days, now), by)


def asked(values: Mapping[str, str], now: datetime) -> Stretch:
    """As an address has it; what makes no sense is the usual one."""
    by = values.get("by", "")
    try:
        days = said(values, now)
    except DaysError:
        days = None
    return Stretch(*(days or latest(USUAL, now)), by if by in BY else "assignee")
