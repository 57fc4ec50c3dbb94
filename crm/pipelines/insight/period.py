"""Which days of a pipeline somebody looks at, and those just before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from crm.segments.days import DAY, Days, latest, said

#: Ready-made periods in days, and the one that a page opens with.
READY = (30, 90, 180, 365)
USUAL = 90


@dataclass(frozen=True, slots=True)
class Period(Days):
    """`now` bounds it: what is still to come of its last day counts nowhere."""

    now: datetime

    @property
    def until(self) -> datetime:
        """The first moment that it does not know of: figures say how all stood then, tomorrow as today."""
        return min(self.end, self.now)

    @property
    def before(self) -> Period:
        """As many days, up to this one's first."""
        return Period(self.first - self.days * DAY, self.first - DAY, self.now)


def last_days(days: int, now: datetime) -> Period:
    return Period(*latest(days, now), now)


def asked(values: Mapping[str, str], now: datetime) -> Period:
    """As an address has it; the usual one where it says nothing. Raises DaysError."""
    return Period(*(said(values, now) or latest(USUAL, now)), now)
