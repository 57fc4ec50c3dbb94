"""The heat map as the page shows it: each cell with its words, its shade, and the way to the names behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from django.conf import settings
from django.urls import reverse

from crm.web import wording
from retention.metrics.cohorts import Cell, Cohort
from retention.metrics.joined.asking import Asked
from retention.metrics.rules import FEW, percent

#: Shades begin at these percents; what is below the first has none. css/components/heat.css has one for each.
SHADES = (1, 40, 50, 60, 70, 75, 80, 85, 90, 95, 100)


@dataclass(frozen=True, slots=True)
class Square:
    """A cell: `text` is what stands in it, `words` the same in a sentence; no `url`: nobody is behind it."""

    text: str
    words: str
    shade: int
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """A month; `words` and `url` are of all who joined in it."""

    first: date
    joined: int
    url: str
    squares: tuple[Square, ...]

    @property
    def few(self) -> bool:
        return 0 < self.joined < FEW


@dataclass(frozen=True, slots=True)
class Table:
    """The oldest month first; `average` is of all cohorts that are so old, weighted by their size."""

    rows: tuple[Row, ...]
    average: tuple[Square, ...]
    columns: range  # months since they joined


def table(found: Sequence[Cohort], asked: Asked) -> Table:
    rows = tuple(_row(cohort, asked) for cohort in found)
    average = tuple(
        _square(rate, f"On average {percent(rate)} % after {_months(at)}" if rate is not None else "")
        for at, rate in enumerate(averages(found, asked.by))
    )
    return Table(rows, average, range(len(found)))


def rate_of(cell: Cell, by: str) -> Fraction | None:
    return cell.kept if by == "customers" else cell.revenue_kept


def averages(found: Sequence[Cohort], by: str) -> list[Fraction | None]:
    """By months since they joined: of all who joined so long ago, or of what they brought at first."""
    rates: list[Fraction | None] = []
    for at in range(len(found)):
        cells = [cohort.cells[at] for cohort in found if at < len(cohort.cells)]
        part = sum((_part(cell, by) for cell in cells), Fraction(0))
        whole = sum((_whole(cell, by) for cell in cells), Fraction(0))
        rates.append(part / whole if whole else None)
    return rates


def _part(cell: Cell, by: str) -> Fraction:
    return Fraction(cell.customers if by == "customers" else cell.mrr)


def _whole(cell: Cell, by: str) -> Fraction:
    return Fraction(cell.of if by == "customers" else cell.mrr_at_first)


def _row(cohort: Cohort, asked: Asked) -> Row:
    month = f"{cohort.first:%Y-%m}"
    query = f"?{text}" if (text := asked.query(months=None, by=None, one=None, other=None)) else ""
    squares = []
    for at, cell in enumerate(cohort.cells):
        rate = rate_of(cell, asked.by)
        url = reverse("cohorts:cell", args=[month, f"{cell.month:%Y-%m}"]) + query if cell.customers else ""
        squares.append(_square(rate, _words(cohort, cell, at, asked.by), url))
    joined = reverse("cohorts:joined", args=[month]) + query if cohort.joined else ""
    return Row(cohort.first, cohort.joined, joined, tuple(squares))


def _square(rate: Fraction | None, words: str, url: str = "") -> Square:
    shade = sum(rate * 100 >= least for least in SHADES) if rate is not None else 0
    return Square(percent(rate), words, shade, url)


def _words(cohort: Cohort, cell: Cell, at: int, by: str) -> str:
    """“87 %: 33 of 38 who joined in January 2026 were customers after 3 months, at the end of April 2026”."""
    rate, when = rate_of(cell, by), f"after {_months(at)}, at the end of {cell.month:%B %Y}"
    whose = f"who joined in {cohort.first:%B %Y}"
    if not cohort.joined:
        return f"Nobody joined in {cohort.first:%B %Y}"
    if by == "customers":
        return f"{percent(rate)} %: {cell.customers:,} of {cohort.joined:,} {whose} were customers {when}"
    if rate is None:
        return f"n/a: those {whose} brought nothing at first"
    return f"{percent(rate)} %: those {whose} brought {_money(cell.mrr)} of {_money(cell.mrr_at_first)} {when}"


def _money(amount: Decimal) -> str:
    return wording.money(amount, settings.CURRENCY)


def _months(number: int) -> str:
    return "1 month" if number == 1 else f"{number} months"
