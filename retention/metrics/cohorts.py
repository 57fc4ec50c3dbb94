"""Cohorts: of the customers who joined in a month, how many are still there, and what they bring, month by month.

A customer joins on the first day ever on which they are one, and is there in a month who is a customer on its last
day. So whoever joins and leaves within a month is in the cohort, and there in none of its months.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from crm.ledger.rules import add_months
from crm.web import clock
from retention.metrics.reading import BELOW, EVERYBODY, Slice, asked

#: So many months at most: of those who joined, and of what became of them.
MOST_MONTHS = 36


@dataclass(frozen=True, slots=True)
class Cell:
    """At the end of a month; `month` is its last day."""

    month: date
    customers: int
    mrr: Decimal  # a month, reporting currency
    of: int  # how many had joined
    mrr_at_first: Decimal  # of all of them at the end of the month in which they joined

    @property
    def kept(self) -> Fraction | None:
        """Of those who joined; None where nobody did."""
        return Fraction(self.customers, self.of) if self.of else None

    @property
    def revenue_kept(self) -> Fraction | None:
        """Of what they brought at the end of their first month; above 1 they grew. None where that was nothing."""
        return Fraction(self.mrr) / Fraction(self.mrr_at_first) if self.mrr_at_first else None


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who joined in a month: `cells` from that month on, as far as months are over."""

    first: date  # the first day of the month
    joined: int
    cells: tuple[Cell, ...]


# A span is there at the end of each month from the one in which it starts to the one before that in which it ends: so
# it stands once, with two months, and not once for each. Months are counted from year 0.
_STRETCHES = """
    SELECT joined.month, began, ended, count(*), sum(mrr) FROM (
        SELECT account_id, (extract(year FROM starts_on) * 12 + extract(month FROM starts_on) - 1)::int AS began,
            coalesce((extract(year FROM ends_on) * 12 + extract(month FROM ends_on) - 2)::int, %s) AS ended, mrr
        FROM crm_customerspan WHERE starts_on <= %s {only}
    ) AS span JOIN (
        SELECT account_id,
            (extract(year FROM min(starts_on)) * 12 + extract(month FROM min(starts_on)) - 1)::int AS month
        FROM crm_customerspan WHERE TRUE {only} GROUP BY account_id HAVING min(starts_on) BETWEEN %s AND %s
    ) AS joined USING (account_id)
    WHERE began <= ended
    GROUP BY 1, 2, 3
"""
_JOINED = """
    SELECT (extract(year FROM first) * 12 + extract(month FROM first) - 1)::int, NULL::int, NULL::int, count(*), 0
    FROM (SELECT min(starts_on) AS first FROM crm_customerspan WHERE TRUE {only} GROUP BY account_id) AS joined
    WHERE first BETWEEN %s AND %s
    GROUP BY 1
"""


def cohorts(months: int, now: datetime, of: Slice = EVERYBODY) -> list[Cohort]:
    """Of the last months that are over, the oldest first; one statement. Raises ValueError for none or too many."""
    if not 1 <= months <= MOST_MONTHS:
        raise ValueError(f"Cohorts are of 1 to {MOST_MONTHS} months.")
    this = clock.today(now).replace(day=1)
    first, last = add_months(this, -months), this - timedelta(days=1)
    rows = asked(
        BELOW,
        [(_STRETCHES, [_number(last), last, first, last]), (_JOINED, [first, last])],
        of, now,
    )  # fmt: skip
    return [_cohort(add_months(first, back), last, rows) for back in range(months)]


def _cohort(first: date, last: date, rows: Sequence[tuple[Any, ...]]) -> Cohort:
    own = [row for row in rows if row[0] == _number(first)]
    joined = sum(count for _, began, _, count, _ in own if began is None)
    stretches = [row[1:] for row in own if row[1] is not None]
    made: list[Cell] = []
    for month in range(_number(first), _number(last) + 1):
        there = [(count, mrr) for began, ended, count, mrr in stretches if began <= month <= ended]
        mrr = sum((each for _, each in there), Decimal(0))
        made.append(
            Cell(_last_day(month), sum(count for count, _ in there), mrr, joined, made[0].mrr_at_first if made else mrr)
        )
    return Cohort(first, joined, tuple(made))


def _number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _last_day(month: int) -> date:
    year, of_year = divmod(month + 1, 12)
    return date(year, of_year + 1, 1) - timedelta(days=1)
