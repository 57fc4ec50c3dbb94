"""What an address asks of cohorts: how many months, of customers or revenue, which two beside each other, of whom.

?months=24&by=revenue&one=2026-01&other=2026-06     and the customers as retention.metrics.asking has them
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from crm.segments.rules import read_day
from crm.team.models import User
from retention.metrics import asking
from retention.metrics.cohorts import MOST_MONTHS
from retention.metrics.reading import PeriodError

#: How many months somebody may look at.
READY = (12, 24, MOST_MONTHS)
USUAL = 24
#: What stands in the cells: its name in addresses → label.
BY = {"customers": "Customers", "revenue": "Revenue"}


@dataclass(frozen=True, slots=True)
class Asked:
    """`one` and `other` are the first days of months; None: the page chooses. `whom` says which customers."""

    months: int
    by: str
    one: date | None
    other: date | None
    whom: asking.Asked

    def query(self, **other: object) -> str:
        """For an address, with something else instead; blank: nothing has to be said. None goes."""
        told: dict[str, object] = {
            "months": "" if self.months == USUAL else self.months, "by": "" if self.by == "customers" else self.by,
            "one": self.one and f"{self.one:%Y-%m}", "other": self.other and f"{self.other:%Y-%m}", **self.whom.sliced,
        }  # fmt: skip
        return urlencode({name: value for name, value in (told | other).items() if value})


def asked(values: Mapping[str, str], viewer: User, now: datetime) -> Asked:
    """Raises PeriodError for months, and FilterError for customers, that cannot be asked for."""
    months, by = values.get("months", "") or str(USUAL), values.get("by", "") or "customers"
    if months not in {str(number) for number in range(1, MOST_MONTHS + 1)}:
        raise PeriodError(f"Cohorts are of 1 to {MOST_MONTHS} months, not of “{months[:20]}”.")
    if by not in BY:
        raise PeriodError(f"Cohorts show {' or '.join(BY)}, not “{by[:20]}”.")
    whom = asking.asked({name: values.get(name, "") for name in asking.SLICING}, viewer, now)
    return Asked(int(months), by, _month(values, "one"), _month(values, "other"), whom)


def _month(values: Mapping[str, str], name: str) -> date | None:
    text = values.get(name, "")
    try:
        return read_day(f"{text}-01") if text else None
    except ValueError:
        raise PeriodError(f"A month is such as 2026-01, not “{text[:20]}”.") from None
