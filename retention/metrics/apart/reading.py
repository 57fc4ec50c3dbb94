"""All groups of a period by SQL: one statement, whatever customers are told apart by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from retention.metrics import rules
from retention.metrics.apart.dimensions import DIMENSIONS, FOLDED, Dimension
from retention.metrics.reading import SUMS, Period, Slice, asked, both_days
from retention.metrics.rules import FEW, Counts

#: More groups are counted, and not shown.
MOST = 100


@dataclass(frozen=True, slots=True)
class Group:
    """Blank `key`: those who have no value. `mrr_lost` is what the lost ones brought at the start."""

    key: str
    name: str
    counts: Counts
    mrr_lost: Decimal

    @property
    def few(self) -> bool:
        """Too few at the start to judge by."""
        return self.counts.customers_start < FEW

    @property
    def crr(self) -> Fraction | None:
        return rules.crr(self.counts)

    @property
    def churn_rate(self) -> Fraction | None:
        return rules.churn_rate(self.counts)

    @property
    def nrr(self) -> Fraction | None:
        return rules.nrr(self.counts)

    @property
    def grr(self) -> Fraction | None:
        return rules.grr(self.counts)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """`groups` with the most lost customers first, at most MOST of `number`; `total` is of all of them."""

    total: Group
    groups: tuple[Group, ...]
    number: int


# By the text as it stands first, and by the folded one after: a million texts are few different ones.
_APART = """
    SELECT grouping(key) AS total, key, min(label), count(*) OVER () - 1, {sums_of_sums}
    FROM (
        SELECT coalesce({folded}, ''), min(label), {sums}, coalesce(sum(was) FILTER (WHERE now IS NULL), 0)
        FROM ({both}) AS both_days LEFT JOIN ({named}) AS named ON named.account_id = both_days.account_id {of_day}
        GROUP BY text
    ) AS told (key, label, {columns}) GROUP BY GROUPING SETS ((key), ())
    ORDER BY 1 DESC, sum(lost) DESC, sum(mrr_lost) DESC, key LIMIT %s
"""
#: What SUMS and the last sum come to, of those of one text.
_COLUMNS = ("started", "ended", "gained", "lost", "mrr_start", "mrr_end", "mrr_of_old", "mrr_kept", "mrr_lost")
_COUNTED = 4  # the first of them count; the others sum money
#: Of the names of both days, that of the first on which they were customers.
_OF_DAY = "AND named.place = (both_days.was IS NOT NULL)"


def breakdown(by: str, period: Period, now: datetime, of: Slice) -> Breakdown:
    """Raises KeyError for what customers are not told apart by."""
    dimension = DIMENSIONS[by]
    both, values = both_days(period)
    sql = _apart(dimension, both)
    days = [period.start, period.end] if dimension.by_day else []
    (_, _, _, number, *counted), *rows = asked([(sql, [*values, *days, MOST + 1])], of, now)
    total = Group("", "All", Counts(*counted[:8]), counted[8])
    return Breakdown(total, tuple(_group(dimension, row) for row in rows), number)


def _apart(dimension: Dimension, both: str) -> str:
    whole = [f"coalesce(sum({name}), 0)" + ("::bigint" if at < _COUNTED else "") for at, name in enumerate(_COLUMNS)]
    return _APART.format(
        sums_of_sums=", ".join(whole), folded=FOLDED.format("text"), sums=SUMS, both=both, named=dimension.sql,
        of_day=_OF_DAY if dimension.by_day else "", columns=", ".join(_COLUMNS),
    )  # fmt: skip


def _group(dimension: Dimension, row: tuple[object, ...]) -> Group:
    _, key, label, _, *counted = row
    lost: Decimal = counted.pop()  # type: ignore[assignment]
    return Group(str(key), dimension.named(str(label)) if key else dimension.nobody, Counts(*counted), lost)  # type: ignore[arg-type]
