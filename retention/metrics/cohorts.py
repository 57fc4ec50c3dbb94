"""Cohorts: of the customers who joined in a month, how many are still there, and what they bring, month by month.

A customer joins on the first day ever on which they are one, and is there in a month who is a customer on its last
day. So whoever joins and leaves within a month is in the cohort, and there in none of its months.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate

from crm.ledger.rules import add_months
from crm.web import clock
from retention.metrics.reading import EVERYBODY, Slice, asked
from retention.metrics.rules import month_number

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

    @property
    def unsaid(self) -> str:
        """Why a rate is None; blank: none is."""
        if not self.of:
            return "nobody joined in this month"
        return "" if self.mrr_at_first else "who joined in this month brought nothing at its end"


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who joined in a month: `cells` from that month on, as far as months are over."""

    first: date  # the first day of the month
    joined: int
    cells: tuple[Cell, ...]


# A span is there at the end of each month from the one in which it starts to the one before that in which it ends: so
# it stands once, with two months (null: open), and not once for each. One of the spans of each customer is their first:
# by it they are counted as joined, even if they were there at the end of no month.
_STRETCHES = """
    SELECT month, began, ended, count(*), sum(mrr), count(*) FILTER (WHERE starts_on = first)
    FROM (
        SELECT account_id, mrr, starts_on, date_trunc('month', starts_on::timestamp) AS began,
            date_trunc('month', ends_on::timestamp) - interval '1 month' AS ended
        FROM crm_customerspan WHERE starts_on <= %s
    ) AS span
    JOIN (
        SELECT account_id, min(starts_on) AS first, date_trunc('month', min(starts_on)::timestamp) AS month
        FROM crm_customerspan WHERE starts_on <= %s {only} GROUP BY account_id HAVING min(starts_on) >= %s
    ) AS joined USING (account_id)
    GROUP BY 1, 2, 3
"""


def cohorts(months: int, now: datetime, of: Slice = EVERYBODY) -> list[Cohort]:
    """Of the last months that are over, the oldest first; one statement. Raises ValueError for none or too many."""
    if not 1 <= months <= MOST_MONTHS:
        raise ValueError(f"Cohorts are of 1 to {MOST_MONTHS} months.")
    this = clock.today(now).replace(day=1)
    first, last = add_months(this, -months), this - timedelta(days=1)
    rows = defaultdict(list)
    for month, began, ended, *counted in asked([(_STRETCHES, [last, last, first])], of, now):
        rows[month_number(month)].append((month_number(began), month_number(ended or last), *counted))
    starts = [add_months(first, back) for back in range(months)]
    return [_cohort(start, last, rows[month_number(start)]) for start in starts]


def _cohort(first: date, last: date, own: Sequence[tuple[int, int, int, Decimal, int]]) -> Cohort:
    """From what comes and goes in each of its months."""
    joining, ending = month_number(first), month_number(last)
    customers, mrr = _nothing(ending - joining + 2)
    for began, ended, count, amount, _ in own:
        if began <= ended:
            customers[began - joining] += count
            mrr[began - joining] += amount
            customers[min(ended, ending) + 1 - joining] -= count
            mrr[min(ended, ending) + 1 - joining] -= amount
    joined, there, bring = sum(row[4] for row in own), list(accumulate(customers)), list(accumulate(mrr))
    cells = (
        Cell(_last_day(joining + at), there[at], bring[at], joined, bring[0]) for at in range(ending - joining + 1)
    )
    return Cohort(first, joined, tuple(cells))


def _nothing(months: int) -> tuple[list[int], list[Decimal]]:
    return [0] * months, [Decimal(0)] * months


def _last_day(month: int) -> date:
    year, of_year = divmod(month + 1, 12)
    return date(year, of_year + 1, 1) - timedelta(days=1)
