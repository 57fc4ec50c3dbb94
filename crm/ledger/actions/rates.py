"""Rates of exchange: which one holds on a day, adding them, and taking back what no amount has been booked with.

A currency's first rate also holds for the days before it. While a currency has none here, CURRENCY_RATES in the
environment stands in. The reporting currency is worth 1.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import Kept, Undone
from crm.ledger.models import Contract, CurrencyRate
from crm.slots import ImportRows
from crm.team.models import User
from crm.web import clock

ADDED, REMOVED = "rates.added", "rates.removed"

#: SQL for the rate of a currency {code} on a {day}; NULL where there is none. Its parameters: `sql_parameters`.
RATE_ON = """
    CASE WHEN {code} = %(reporting)s THEN 1 ELSE coalesce(
        (SELECT known.rate FROM crm_currencyrate known WHERE known.code = {code}
            ORDER BY known.valid_from > {day}, CASE WHEN known.valid_from <= {day} THEN known.valid_from END DESC,
                known.valid_from LIMIT 1),
        (%(environment)s::jsonb ->> {code})::numeric) END
"""


#: SQL for the day of a moment {at}, as people there have it: by it a rate is chosen, whoever brings the amount.
DAY_OF = "({at} AT TIME ZONE %(zone)s)::date"


def sql_parameters() -> dict[str, str]:
    environment = json.dumps(settings.CURRENCY_RATES, default=str)
    return {"reporting": settings.CURRENCY, "environment": environment, "zone": clock.zone().key}


def reject_unrated(rows: ImportRows, rate: str) -> None:
    """Rows of a file for whose currency this SQL, made of `RATE_ON`, finds no rate."""
    rows.reject(
        f"({rate}) IS NULL", "currency", f"has no rate to {settings.CURRENCY}, the reporting currency",
        "Add it under Settings, Currencies.", **sql_parameters(),
    )  # fmt: skip


def rate_on(code: str, day: date) -> Decimal | None:
    """What one of it is worth in the reporting currency; None if nobody has said."""
    with connection.cursor() as cursor:
        statement = "SELECT " + RATE_ON.format(code="%(code)s", day="%(day)s")
        cursor.execute(statement, {"code": code, "day": day, **sql_parameters()})
        found: Decimal | None = cursor.fetchone()[0]
    return found


@dataclass(frozen=True)
class NewRate:
    code: str
    valid_from: date
    rate: Decimal


@transaction.atomic
def add(rates: Sequence[NewRate], by: User, now: datetime) -> tuple[Act | None, int]:
    """Those whose currency has none from that day on yet, and how many that were; without any there is no act.

    Nothing that is there is changed.
    """
    _alone()
    wanted = {(one.code, one.valid_from): one for one in rates}
    known = CurrencyRate.objects.filter(valid_from__in={day for _, day in wanted})
    there = set(known.values_list("code", "valid_from"))
    new = [one for key, one in sorted(wanted.items()) if key not in there]
    if not new:
        return None, 0
    codes = ", ".join(sorted({one.code for one in new})[:8])
    with act(ADDED, f"added {len(new)} rate{'' if len(new) == 1 else 's'} of {codes}", by, now) as done:
        done.detail = {"rates": [_as_json(row) for row in CurrencyRate.objects.bulk_create(_rows(new, by, now))]}
    return done, len(new)


def _alone() -> None:
    """Until the transaction ends nobody else writes rates; everybody reads them meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE crm_currencyrate IN SHARE ROW EXCLUSIVE MODE")


def _rows(rates: Sequence[NewRate], by: User | None, now: datetime) -> list[CurrencyRate]:
    return [
        CurrencyRate(code=one.code, valid_from=one.valid_from, rate=one.rate, added_by=by, added_at=now)
        for one in rates
    ]


def used(rates: Sequence[CurrencyRate]) -> set[int]:
    """The ids of those with which an amount of their currency has been booked."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT r.id FROM crm_currencyrate r WHERE r.id = ANY(%s) AND (EXISTS (
                    SELECT FROM crm_contract c JOIN crm_contractterm t ON t.contract_id = c.id
                    WHERE c.currency = r.code AND t.rate = r.rate)
                OR EXISTS (SELECT FROM crm_payment p WHERE p.currency = r.code AND p.rate = r.rate)
                OR EXISTS (SELECT FROM crm_purchase p WHERE p.currency = r.code AND p.rate = r.rate))
            """,
            [[rate.pk for rate in rates]],
        )
        return {row[0] for row in cursor.fetchall()}


@transaction.atomic
def remove(rate: CurrencyRate, by: User, now: datetime) -> Act | None:
    """Of a mistake with which nothing was booked; None if something was, and it stays.

    A term that is being booked at this moment keeps the rate that it has found, as booked amounts always do.
    """
    _alone()
    row = CurrencyRate.objects.filter(pk=rate.pk).first()
    if row is None or used([row]):
        return None
    detail = {"rates": [_as_json(row)]}
    with act(REMOVED, f"removed the rate of {row.code} from {row.valid_from}", by, now, detail) as done:
        row.delete()
    return done


def in_use() -> list[tuple[str, int]]:
    """The currencies of contracts, with how many have it, the most used first."""
    with connection.cursor() as cursor:
        table = Contract._meta.db_table
        cursor.execute(f"SELECT currency, count(*) FROM {table} GROUP BY currency ORDER BY 2 DESC, 1")  # noqa: S608
        return [(code, many) for code, many in cursor.fetchall()]


def undo_adding(done: Act, by: User | None, now: datetime) -> Undone:
    """What has been booked with stays."""
    _alone()
    rows = list(CurrencyRate.objects.filter(pk__in=[one["id"] for one in done.detail["rates"]]))
    booked = used(rows)
    CurrencyRate.objects.filter(pk__in=[row.pk for row in rows if row.pk not in booked]).delete()
    kept = [_kept(row, "amounts have been booked with it") for row in rows if row.pk in booked]
    return Undone(len(rows) - len(booked), kept)


def undo_removing(done: Act, by: User | None, now: datetime) -> Undone:
    """It comes back, unless there is another from that day on."""
    _alone()
    was = [NewRate(one["code"], date.fromisoformat(one["from"]), Decimal(one["rate"])) for one in done.detail["rates"]]
    taken = [one for one in was if CurrencyRate.objects.filter(code=one.code, valid_from=one.valid_from).exists()]
    CurrencyRate.objects.bulk_create(_rows([one for one in was if one not in taken], by, now))
    kept = [_kept(row, "there is another rate from that day on") for row in _rows(taken, by, now)]
    return Undone(len(was) - len(taken), kept)


def _kept(row: CurrencyRate, because: str) -> Kept:
    return Kept(str(row), "", str(row.rate), "", None, because)


def _as_json(row: CurrencyRate) -> dict[str, Any]:
    return {"id": row.pk, "code": row.code, "from": str(row.valid_from), "rate": str(row.rate)}
