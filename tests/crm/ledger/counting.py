"""Who was a customer on which day and for how much, counted day by day from the raw rows in plain Python.

Shares nothing with the product but its tables: what `project` derives must say the same.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

DAY = timedelta(days=1)


def rows(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def levels(account: int, first: date, last: date, window: int = 0, zone: str = "UTC") -> dict[date, Decimal | None]:
    """What the account brought a month on each day; None: they were no customer."""
    terms = rows(
        "SELECT c.status, c.paid_from, c.cancelled_on, t.starts_on, t.ends_on, t.mrr, t.rate FROM crm_contract c"
        " JOIN crm_contractterm t ON t.contract_id = c.id WHERE c.account_id = %s", account
    )  # fmt: skip
    buys = [
        at.astimezone(ZoneInfo(zone)).date()
        for (at,) in rows("SELECT purchased_at FROM crm_purchase WHERE account_id = %s", account)
    ]
    found: dict[date, Decimal | None] = {}
    day = first
    while day <= last:
        counting = [mrr * rate for *term, mrr, rate in terms if _counts(day, *term)]
        bought = any(at <= day < at + window * DAY for at in buys)
        whole = sum(counting, Decimal(0)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
        found[day] = whole if counting or bought else None
        day += DAY
    return found


def _counts(
    day: date, status: str, paid_from: date | None, cancelled_on: date | None, starts_on: date, ends_on: date | None
) -> bool:
    if status not in ("paid", "paused", "cancelled"):
        return False
    if paid_from is not None and day < paid_from:
        return False
    if cancelled_on is not None and day >= cancelled_on:
        return False
    return starts_on <= day and (ends_on is None or day < ends_on)


def movements(by_day: dict[date, Decimal | None], today: date) -> dict[tuple[date, str], tuple[Decimal, int]]:
    """What changed from each day to the next."""
    found: dict[tuple[date, str], tuple[Decimal, int]] = {}
    before, ever = None, False
    for day, now in by_day.items():
        if day > today:
            break
        if before is None and now is not None:
            found[day, "reactivation" if ever else "new"] = (now, 1)
            ever = True
        elif before is not None and now is None:
            found[day, "churn"] = (-before, -1)
        elif before is not None and now is not None and now != before:
            found[day, "expansion" if now > before else "contraction"] = (now - before, 0)
        before = now
    return found


def stored(account: int) -> dict[tuple[date, str], tuple[Decimal, int]]:
    sums: dict[Any, list[Any]] = defaultdict(lambda: [Decimal(0), 0])
    for day, kind, amount, customers in rows(
        "SELECT day, kind, amount, customers FROM crm_mrrmovement WHERE account_id = %s", account
    ):
        sums[day, kind][0] += amount
        sums[day, kind][1] += customers
    return {key: (amount, customers) for key, (amount, customers) in sums.items() if amount or customers}


def assert_spans(account: int, by_day: dict[date, Decimal | None]) -> None:
    """They cover exactly the days that were counted, none twice, each at its MRR, in as few pieces as there can be."""
    spans = rows(
        "SELECT starts_on, ends_on, mrr FROM crm_customerspan WHERE account_id = %s ORDER BY starts_on", account
    )
    for day, counted in by_day.items():
        covering = [mrr for starts_on, ends_on, mrr in spans if starts_on <= day and (ends_on is None or day < ends_on)]
        assert covering == ([] if counted is None else [counted]), (day, covering, counted, spans)
    for (_, ended, was), (begins, _, mrr) in pairwise(spans):
        assert ended is not None
        assert ended < begins or (ended == begins and was != mrr)
