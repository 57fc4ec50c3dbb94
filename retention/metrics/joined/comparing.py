"""Two cohorts beside each other: January beside June."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from retention.metrics.cohorts import Cohort
from retention.metrics.joined.table import rate_of
from retention.metrics.rules import FEW, percent

#: Months since they joined at which two are compared.
MARKS = (1, 3, 6, 12, 24)


@dataclass(frozen=True, slots=True)
class Beside:
    """Lines of “after 3 months”, one, other, difference in points; blank where a cohort is not so old."""

    one: Cohort
    other: Cohort
    lines: tuple[tuple[str, str, str, str], ...]
    finding: str


def chosen(found: Sequence[Cohort], one: date | None, other: date | None) -> tuple[Cohort, Cohort] | None:
    """The two that are asked for, or the largest that are three months old, in order; None: there are none."""
    by_month = {cohort.first: cohort for cohort in found}
    grown = sorted(
        (cohort for cohort in found if cohort.joined and len(cohort.cells) > 3), key=lambda cohort: -cohort.joined
    )
    largest = sorted(grown[:2], key=lambda cohort: cohort.first)
    first = by_month.get(one) if one else next(iter(largest), None)
    second = by_month.get(other) if other else next(iter(reversed(largest)), None)
    return (first, second) if first and second and first is not second else None


def beside(one: Cohort, other: Cohort, by: str) -> Beside:
    shared = min(len(one.cells), len(other.cells)) - 1
    oldest = max(len(one.cells), len(other.cells)) - 1
    marks = sorted({*(mark for mark in MARKS if mark <= oldest), shared} - {0})
    return Beside(one, other, tuple(_line(one, other, at, by) for at in marks), _finding(one, other, shared, by))


def _line(one: Cohort, other: Cohort, at: int, by: str) -> tuple[str, str, str, str]:
    rates = [rate_of(cohort.cells[at], by) if at < len(cohort.cells) else None for cohort in (one, other)]
    words = [f"{percent(rate)} %" if rate is not None else "" for rate in rates]
    return f"{at} month{'s' if at != 1 else ''}", words[0], words[1], _points(rates[0], rates[1])


def _points(one: Fraction | None, other: Fraction | None) -> str:
    if one is None or other is None:
        return ""
    points = round((other - one) * 100)
    return f"{'+' if points > 0 else '−' if points < 0 else '±'}{abs(points)}"


def _finding(one: Cohort, other: Cohort, at: int, by: str) -> str:
    """In a sentence, at the last month that both have reached."""
    first, second = (rate_of(cohort.cells[at], by) for cohort in (one, other))
    if first is None or second is None:
        return "One of them brought nothing at first, or nobody joined: there is nothing to compare."
    if min(one.joined, other.joined) < FEW:
        return f"Fewer than {FEW} customers joined in one of the months: too few to judge."
    what = "of the customers" if by == "customers" else "of the revenue"
    months, points = f"{at} month{'s' if at != 1 else ''}", round((second - first) * 100)
    kept = f"After {months} {percent(first)} % {what} of {one.first:%B %Y} are left"
    if not points:
        return f"{kept}, and as much of {other.first:%B %Y}."
    than = "better" if points > 0 else "worse"
    return f"{kept}, and {percent(second)} % of {other.first:%B %Y}: {abs(points)} points {than}."
