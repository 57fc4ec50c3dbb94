"""The formulas. Each gives None where it has nothing to say (n/a), never 0 % or infinity.

Rates are fractions: 0.8 is 80 %. Money is a month's, in the reporting currency, in cents.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from crm.ledger.rules import add_months

#: From here on a customer retention rate is good, or great (Bain; the bands of DESIGN that pages put into words).
GOOD, GREAT = Fraction(85, 100), Fraction(90, 100)

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Counts:
    """What is counted and summed of a period, before any formula."""

    customers_start: int = 0  # CS
    customers_end: int = 0  # CE
    customers_new: int = 0  # CN: customers at the end who were none at the start, returners among them
    customers_lost: int = 0  # customers at the start who are none at the end
    mrr_start: Decimal = Decimal(0)
    mrr_end: Decimal = Decimal(0)
    #: Of those who had MRR at the start: what they have at the end, and that of it which they had at the start.
    mrr_stayed: Decimal = Decimal(0)
    mrr_kept: Decimal = Decimal(0)
    buyers: int = 0  # who bought anything up to the end
    repeat_buyers: int = 0  # who bought twice or more
    answers: int = 0
    good_answers: int = 0


def crr(counts: Counts) -> Fraction | None:
    """Customer retention rate: (CE − CN) / CS. Who left and returned within the period is kept.

    500 at the start, 600 at the end, 200 of them new: 4/5.
    """
    return _share(counts.customers_end - counts.customers_new, counts.customers_start)


def churn_rate(counts: Counts) -> Fraction | None:
    """Customer churn: lost / CS. With the retention rate it makes 1."""
    return _share(counts.customers_lost, counts.customers_start)


def grr(counts: Counts) -> Fraction | None:
    """Gross revenue retention: of the MRR at the start, what the same customers still bring, growth left out."""
    return _share(counts.mrr_kept, counts.mrr_start)


def nrr(counts: Counts) -> Fraction | None:
    """Net revenue retention: what those who had MRR at the start bring at the end, beside what they brought then."""
    return _share(counts.mrr_stayed, counts.mrr_start)


def arpa(counts: Counts) -> Decimal | None:
    """Average revenue per account: MRR at the end / customers at the end."""
    return _money(Fraction(counts.mrr_end), counts.customers_end)


def ltv(counts: Counts, months: Fraction) -> Decimal | None:
    """Lifetime value: ARPA × months of the period / churn of the period; n/a where nobody was lost."""
    churn = churn_rate(counts)
    if not churn or not counts.customers_end:
        return None
    return _money(Fraction(counts.mrr_end) * months, counts.customers_end * churn)


def repeat_purchase_rate(counts: Counts) -> Fraction | None:
    """Of all who bought anything up to the end, those who bought twice or more."""
    return _share(counts.repeat_buyers, counts.buyers)


def csat(counts: Counts) -> Fraction | None:
    """Good answers (4 and 5 of 5) / answers."""
    return _share(counts.good_answers, counts.answers)


def band(rate: Fraction | None) -> str:
    """What a customer retention rate is called: great | good | low; blank where there is none."""
    if rate is None:
        return ""
    return "great" if rate > GREAT else "good" if rate > GOOD else "low"


def months_of(start: date, end: date) -> Fraction:
    """How many months lie between two days: whole ones, and of the last the share of its days.

    From the last day of a month to the last of another are whole months, as from the 1st to the 1st.
    """
    if _is_last(start) and _is_last(end):
        return Fraction(month_number(end) - month_number(start))
    whole = month_number(end) - month_number(start)
    if add_months(start, whole) > end:
        whole -= 1
    reached, following = add_months(start, whole), add_months(start, whole + 1)
    return whole + Fraction((end - reached).days, (following - reached).days)


def _share(part: int | Decimal, whole: int | Decimal) -> Fraction | None:
    return Fraction(part) / Fraction(whole) if whole else None


def _money(amount: Fraction, by: int | Fraction) -> Decimal | None:
    if not by:
        return None
    exact = amount / by
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(_CENT, ROUND_HALF_EVEN)


def month_number(day: date) -> int:
    """Months counted from the year 0 on."""
    return day.year * 12 + day.month - 1


def _is_last(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]
