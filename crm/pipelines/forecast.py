"""What is to come: open deals by the month in which they are expected, across stages, owners or sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncMonth

from crm.pipelines.lists import following
from crm.pipelines.models import Outcome, Stage

#: Months that have a line of their own, this one included; what comes later stands together.
MONTHS = 6
#: What the columns may be, and by which path each is named.
BY = {"stage": "Stage", "owner": "Owner", "source": "Source"}
_NAMED = {"stage": "stage__name", "owner": "owner__name", "source": "source"}
#: Columns beside the sum; what comes to less stands together.
_MOST = 8


@dataclass
class Figure:
    """How many deals, what they come to, and what of that is likely: the amount by the probability of its stage."""

    many: int = 0
    sum: Decimal = Decimal(0)
    weighted: Decimal = Decimal(0)

    def add(self, one: Counted) -> None:
        self.many += one.many
        self.sum += one.sum
        self.weighted += one.sum * one.probability / 100


@dataclass(frozen=True)
class Counted:
    """Deals of one month, stage and column."""

    month: str
    column: str
    label: str
    probability: int
    many: int
    sum: Decimal


@dataclass(frozen=True)
class Cell:
    """A figure, and what the list is narrowed by that shows its deals, besides by one `leaf` of a filter; None: no
    narrowing of the list says it."""

    figure: Figure
    asks: Mapping[str, str] | None
    leaf: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Line:
    """A month, or what lies before, behind or outside of them all; last all of it."""

    label: str
    cells: Sequence[Cell]
    whole: Cell
    late: bool = False


@dataclass(frozen=True)
class Forecast:
    heads: Sequence[str]
    lines: Sequence[Line]
    foot: Line
    most: Decimal = field(default=Decimal(0))  # the largest sum of a line, by which bars are drawn


def forecast(stages: Sequence[Stage], rows: QuerySet[Any], by: str, today: date) -> Forecast:
    """Of the open deals in these stages. `rows` are those that may be shown. One statement."""
    found = _counted(stages, rows, by, today)
    columns = _columns(stages, found, by)
    lines = [_line(code, label, columns, by, found) for code, label in _months(today)]
    shown = [line for line in lines if line.whole.figure.many or line not in (lines[0], *lines[-2:])]
    foot = _line("", "All", columns, by, found)
    most = max((line.whole.figure.sum for line in shown), default=Decimal(0))
    return Forecast([label for _, label in columns], shown, foot, most)


def _counted(stages: Sequence[Stage], rows: QuerySet[Any], by: str, today: date) -> list[Counted]:
    chances = {stage.pk: stage.probability for stage in stages}
    running = rows.order_by().filter(stage__in=list(chances), outcome=Outcome.OPEN)
    key = "source" if by == "source" else f"{by}_id"
    counted = (
        running.annotate(month=TruncMonth("expected_on"))
        .values_list("month", "stage_id", key, _NAMED[by])
        .annotate(many=Count("*"), worth=Sum("value"))
    )
    return [
        Counted(_code(month, today), str(column or ""), label or "", chances[stage], many, worth)
        for month, stage, column, label, many, worth in counted
    ]


def _ahead(today: date) -> list[date]:
    """The first days of the months with lines of their own, and of the one behind them."""
    months = [today.replace(day=1)]
    for _ in range(MONTHS):
        months.append(following(months[-1]))
    return months


def _code(month: date | None, today: date) -> str:
    """What the list calls it."""
    first, *_, behind = _ahead(today)
    if month is None:
        return "never"
    if month < first:
        return "before"
    return f"{month:%Y-%m}" if month < behind else f"later-{behind:%Y-%m}"


def _months(today: date) -> list[tuple[str, str]]:
    """Codes and labels of all lines."""
    *months, behind = _ahead(today)
    named = [(_code(month, today), f"{month:%B}" if month.year == today.year else f"{month:%B %Y}") for month in months]
    return [("before", "Overdue"), *named, (_code(behind, today), "Later"), ("never", "No day yet")]


def _columns(stages: Sequence[Stage], found: Sequence[Counted], by: str) -> list[tuple[str, str]]:
    """Codes and labels: stages in their order, others by what they come to, and those in one that come to least."""
    if by == "stage":
        return [(str(stage.pk), stage.name) for stage in stages]
    worth: dict[tuple[str, str], Decimal] = {}
    for one in found:
        worth[one.column, one.label] = worth.get((one.column, one.label), Decimal(0)) + one.sum
    largest = sorted(worth, key=lambda column: (-worth[column], column))
    named = [(code, label or ("Nobody" if by == "owner" else "Not said")) for code, label in largest[:_MOST]]
    return [*named, ("…", f"{len(largest) - _MOST} others")] if len(largest) > _MOST else named


def _line(code: str, label: str, columns: Sequence[tuple[str, str]], by: str, found: Sequence[Counted]) -> Line:
    """All that has this code; without a code all of it."""
    figures, whole = {column: Figure() for column, _ in columns}, Figure()
    for one in found:
        if not code or one.month == code:
            figures[one.column if one.column in figures else "…"].add(one)
            whole.add(one)
    month = {"closing": code} if code else {}
    cells = [_cell(by, column, figure, {"state": "open", **month}) for column, figure in figures.items()]
    return Line(label, cells, Cell(whole, {"state": "open", **month}), late=code == "before")


def _cell(by: str, column: str, figure: Figure, month: Mapping[str, str]) -> Cell:
    if column == "…":
        return Cell(figure, None)
    if by == "source":
        leaf = {"field": "source", "op": "is", "value": column} if column else {"field": "source", "op": "is_not_set"}
        return Cell(figure, month, leaf)
    return Cell(figure, {**month, by: column or "nobody"})
