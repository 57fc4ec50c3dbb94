"""The figures of a period, by the names that commands, pages and reports share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from retention.metrics import rules
from retention.metrics.reading import EVERYBODY, Period, Slice, counts
from retention.metrics.rules import Counts


@dataclass(frozen=True, slots=True)
class Figures:
    """Money is a month's, in the reporting currency; rates are fractions; None is n/a."""

    customers_start: int
    customers_end: int
    customers_new: int
    customers_lost: int
    crr: Fraction | None
    churn_rate: Fraction | None
    mrr_start: Decimal
    mrr_end: Decimal
    nrr: Fraction | None
    grr: Fraction | None
    arpa: Decimal | None
    ltv: Decimal | None
    repeat_purchase_rate: Fraction | None
    nps: Fraction | None  # nobody is asked yet
    csat: Fraction | None
    unsaid: Mapping[str, str]  # why a figure is n/a, by its name

    def told(self) -> dict[str, int | float | str | None]:
        """For JSON: rates as numbers, money as text."""
        tell: dict[type, Callable[[Any], float | str]] = {Fraction: float, Decimal: str}
        values = ((name, getattr(self, name)) for name in self.__slots__ if name != "unsaid")
        return {name: tell[type(value)](value) if type(value) in tell else value for name, value in values}


def of_period(period: Period, now: datetime, of: Slice = EVERYBODY, *, as_of: datetime | None = None) -> Figures:
    """One statement; see `retention.metrics.rules` for the formulas."""
    return figured(counts(period, now, of, as_of=as_of), period)


def figured(found: Counts, period: Period) -> Figures:
    """The formulas of what was counted in a period."""
    return Figures(
        found.customers_start, found.customers_end, found.customers_new, found.customers_lost, rules.crr(found),
        rules.churn_rate(found), found.mrr_start, found.mrr_end, rules.nrr(found), rules.grr(found),
        rules.arpa(found), rules.ltv(found, rules.months_of(period.start, period.end)),
        rules.repeat_purchase_rate(found), None, rules.csat(found), rules.unsaid(found),
    )  # fmt: skip
