"""All that the dashboard says of a period, counted in one statement, whoever the customers are narrowed to.

The row it finds can be kept as JSON; `Board.of` reads either.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from crm.ledger.models import MrrMovement
from crm.segments.filters.operators import COLLATION
from crm.segments.rules import day_start
from crm.web import clock
from retention.metrics import reading, rules
from retention.metrics.reading import Period, Slice, asked
from retention.metrics.rules import Counts, Joined, Kept, month_number

DAY = timedelta(days=1)
#: Months of the curve, with as many before them.
MONTHS = 12
RENEWING_DAYS = 90
#: Of first products, those whom most began with.
PRODUCTS = 8
KINDS = tuple(kind.value for kind in MrrMovement.Kind)

# What is left of each customer's movements of a kind: what was corrected away is gone.
_MOVED = """
    SELECT coalesce(json_object_agg(kind, json_build_array(money, customers)), '{}') FROM (
        SELECT kind, sum(amount)::text AS money, count(*) AS customers
        FROM (SELECT kind, sum(amount) AS amount FROM crm_mrrmovement WHERE day > %s AND day <= %s {only}
            GROUP BY account_id, kind HAVING sum(amount) <> 0 OR sum(customers) <> 0) AS moved
        GROUP BY kind) AS counted
"""
# At the ends of which months each was a customer, as bits, the first month the lowest one; and how many had the same.
_MONTHS = """
    SELECT coalesce(json_agg(json_build_array(months, customers)), '[]') FROM (
        SELECT months, count(*) AS customers FROM (
            SELECT bit_or((1::bigint << last + 1) - (1::bigint << first)) AS months FROM (
                SELECT account_id,
                    greatest(12 * extract(year FROM starts_on)::int + extract(month FROM starts_on)::int - 1 - %s, 0)
                        AS first,
                    least(12 * extract(year FROM ends_on)::int + extract(month FROM ends_on)::int - 2 - %s, %s)
                        AS last  -- least leaves out the null of one that is open
                FROM crm_customerspan WHERE starts_on <= %s AND (ends_on IS NULL OR ends_on > %s) {only}
            ) AS span WHERE first <= last GROUP BY account_id
        ) AS customer GROUP BY months) AS counted
"""
# Of the customers at the start: in which month they had joined, how many they were, and how many of them were lost.
_JOINED = """
    SELECT coalesce(json_agg(json_build_array(month, customers, lost)), '[]') FROM (
        SELECT date_trunc('month', joined::timestamp)::date AS month, count(*) AS customers,
            count(*) FILTER (WHERE NOT there) AS lost
        FROM (SELECT min(starts_on) AS joined, bool_or(starts_on <= %s AND (ends_on IS NULL OR ends_on > %s)) AS was,
                bool_or(starts_on <= %s AND (ends_on IS NULL OR ends_on > %s)) AS there
            FROM crm_customerspan WHERE starts_on <= %s {only} GROUP BY account_id) AS customer
        WHERE was GROUP BY 1) AS counted
"""
_RENEWING = """
    SELECT count(*), coalesce(sum(mrr), 0)
    FROM (SELECT id AS account_id, mrr, lifecycle, renews_on FROM crm_account) AS account
    WHERE lifecycle = 'customer' AND renews_on BETWEEN %s AND %s {only}
"""
# By the first line of the first order, however it is written: how many began with it, how many bought again, and what
# most of these bought.
_PRODUCTS = f"""
    SELECT coalesce(json_agg(json_build_array(first, buyers, again, following)), '[]') FROM (
        SELECT min(first) AS first, count(*) AS buyers, count(second) AS again,
            mode() WITHIN GROUP (ORDER BY following) FILTER (WHERE following <> '') AS following
        FROM (SELECT max(product) FILTER (WHERE turn = 1) AS first, max(id) FILTER (WHERE turn = 2) AS second,
                max(product) FILTER (WHERE turn = 2) AS following
            FROM (SELECT id, account_id, row_number() OVER (PARTITION BY account_id ORDER BY purchased_at, id) AS turn
                FROM crm_purchase WHERE purchased_at < %s {{only}}) AS bought
            LEFT JOIN LATERAL (SELECT product FROM crm_purchaseitem
                WHERE purchase_id = bought.id AND place = 1) AS item ON true
            WHERE turn <= 2 GROUP BY account_id) AS buyer
        WHERE first <> '' GROUP BY lower(first COLLATE "{COLLATION}") ORDER BY buyers DESC, 1 LIMIT %s) AS counted
"""  # noqa: S608  (a name of ours)


@dataclass(frozen=True, slots=True)
class Moved:
    """Movements of one kind; `amount` is a month's, signed, in the reporting currency."""

    kind: str
    amount: Decimal
    customers: int


@dataclass(frozen=True, slots=True)
class Path:
    """Who began with a product, who of them bought again, and what most of these bought then; blank: nothing named."""

    product: str
    buyers: int
    again: int
    following: str

    @property
    def share(self) -> Fraction:
        return Fraction(self.again, self.buyers)


@dataclass(frozen=True, slots=True)
class Board:
    """`months` are the last ones that are over, `year_before` those before; `joined` is by month, the oldest first."""

    counts: Counts
    before: Counts
    moved: tuple[Moved, ...]
    months: tuple[Kept, ...]
    year_before: tuple[Kept, ...]
    joined: tuple[Joined, ...]
    renewing: int
    renewing_mrr: Decimal
    products: tuple[Path, ...]

    @property
    def is_empty(self) -> bool:
        """Nobody was a customer on any day that it looks at, and nobody has bought anything."""
        ever = any(one.customers for one in (*self.months, *self.year_before))
        return not (ever or self.counts.customers_start or self.counts.customers_end or self.counts.buyers)

    def move(self, kind: str) -> Moved:
        return next(one for one in self.moved if one.kind == kind)

    @classmethod
    def of(cls, row: Sequence[Any], period: Period) -> Board:
        """From a row as `found` gives it, which may have been through JSON."""
        width = len(Counts.__slots__)
        counts, before = (_counts(row[at : at + width]) for at in (0, width))
        moved, masks, joined, renewing, mrr, products = row[2 * width :]
        moves = _json(moved)
        kept = rules.kept_by_month(_json(masks), first_month(period), 2 * MONTHS)
        return cls(
            counts, before,
            tuple(Moved(kind, *_move(moves.get(kind))) for kind in KINDS),
            tuple(kept[MONTHS:]), tuple(kept[:MONTHS]),
            tuple(sorted(Joined(date.fromisoformat(month), *rest) for month, *rest in _json(joined))),
            renewing, Decimal(str(mrr)),
            tuple(Path(name, many, again, then or "") for name, many, again, then in _json(products)),
        )  # fmt: skip


def first_month(period: Period) -> int:
    """The month, counted from the year 0 on, whose end the curve begins at: that before its first whole one."""
    return month_number((period.end + DAY).replace(day=1)) - 1 - 2 * MONTHS


def found(period: Period, before: Period, now: datetime, of: Slice) -> list[Any]:
    """The row: one statement."""
    parts = [
        *reading.counted(period), *reading.counted(before), (_MOVED, [period.start, period.end]), _months(period),
        _joined(period), _renewing(now), (_PRODUCTS, [_over(period.end), PRODUCTS]),
    ]  # fmt: skip
    return list(asked(parts, of, now)[0])


def as_json(row: Sequence[Any]) -> list[Any]:
    """To be kept: money as text."""
    return [str(value) if isinstance(value, Decimal) else value for value in row]


def _months(period: Period) -> tuple[str, list[Any]]:
    first, most = first_month(period), 2 * MONTHS
    begins, ends = rules.month_of(first), rules.month_of(first + most + 1) - DAY
    return _MONTHS, [first, first, most, ends, begins]


def _joined(period: Period) -> tuple[str, list[Any]]:
    start, end = period.start, period.end
    return _JOINED, [start, start, end, end, end]


def _renewing(now: datetime) -> tuple[str, list[Any]]:
    today = clock.today(now)
    return _RENEWING, [today, today + RENEWING_DAYS * DAY]


def _over(day: date) -> datetime:
    return day_start(day + DAY, clock.zone())


def _counts(row: Sequence[Any]) -> Counts:
    read: dict[str, Callable[[Any], Any]] = {"Decimal": lambda value: Decimal(str(value))}
    kinds = (Counts.__dataclass_fields__[name].type for name in Counts.__slots__)
    return Counts(*(read.get(str(kind), int)(value) for kind, value in zip(kinds, row, strict=True)))


def _move(found: Sequence[Any] | None) -> tuple[Decimal, int]:
    return (Decimal(found[0]), found[1]) if found else (Decimal(0), 0)


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
