"""Contracts that were sold: expected until billing reports them or a person confirms them, and counting for nothing
until then.

What billing reports under an id that is new here takes over the oldest expected contract of the same customer and plan
instead of adding one: `TAKEN_OVER` is that rule, for files by the million and for one contract of the API alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from crm.history.models import Act
from crm.ledger import rules
from crm.ledger.actions.confirming import confirming
from crm.ledger.actions.projection import project
from crm.ledger.actions.rates import rate_on
from crm.ledger.actions.standing import turn
from crm.ledger.models import Contract, ContractTerm
from crm.segments.filters.operators import COLLATION
from crm.team.models import User
from crm.web import clock

_EXPECTED = Contract.Status.EXPECTED


class BookingError(ValueError):
    """Nothing was booked; the message is for the person who asked."""


@dataclass(frozen=True)
class Booking:
    """A contract to come, with its first term."""

    plan: str
    mrr: Decimal
    currency: str
    starts_on: date
    months: int | None = None  # of the term; None: open
    auto_renew: bool = False


def book(account_id: int, sold: Booking, now: datetime, status: str = _EXPECTED) -> Contract:
    """In the caller's transaction, who tells of it and derives what follows. Raises BookingError for a currency without
    a rate."""
    rate = rate_on(sold.currency, sold.starts_on)
    if rate is None:
        raise BookingError(f"{sold.currency} has no rate to the reporting currency. Add it under Settings, Currencies.")
    made = Contract(
        account_id=account_id, plan=sold.plan, auto_renew=sold.auto_renew, currency=sold.currency, created_at=now,
        updated_at=now,
    )  # fmt: skip
    made.turn(status, clock.today(now))
    made.save()
    ends_on = rules.add_months(sold.starts_on, sold.months) if sold.months else None
    ContractTerm.objects.create(
        contract=made, starts_on=sold.starts_on, ends_on=ends_on, mrr=sold.mrr, rate=rate, known_at=now
    )
    return made


_RUNNING = """
    SELECT c.plan, sum(t.mrr * t.rate) FROM crm_contract c JOIN crm_contractterm t ON t.contract_id = c.id
    WHERE c.account_id = %(account)s AND c.status = ANY(%(counts)s)
        AND t.starts_on <= %(day)s AND coalesce(t.ends_on, 'infinity') > %(day)s
    GROUP BY c.plan
"""


def kind_of(account_id: int, sold: Booking, now: datetime) -> str:
    """new | renewal | expansion | contraction, beside the contracts that run today: as `rules.kind_of`."""
    values: dict[str, Any] = {
        "account": account_id,
        "day": clock.today(now),
        "counts": [status.value for status in Contract.COUNTS],
    }
    with connection.cursor() as cursor:
        cursor.execute(_RUNNING, values)
        running = [rules.Running(plan, mrr) for plan, mrr in cursor.fetchall()]
    return rules.kind_of(running, sold.plan, sold.mrr * (rate_on(sold.currency, sold.starts_on) or 1))


def take_back(contract_id: int) -> dict[str, Any]:
    """Delete a contract that is still expected and that nobody has touched since it was booked; inside an act.

    Returns its id and plan, whether it is `taken` back, and else why not, at the end of a sentence.
    """
    row = Contract.objects.select_for_update(of=("self",)).filter(pk=contract_id).first()
    if row is None:
        return {"id": contract_id, "plan": "", "taken": True, "because": ""}
    because = ""
    if row.status != _EXPECTED:
        because = "it is confirmed, and counts"
    elif row.updated_at != row.created_at:
        because = "somebody has changed it since"
    else:
        row.delete()
    return {"id": contract_id, "plan": row.plan, "taken": not because, "because": because}


@transaction.atomic
def confirm(contract: Contract, by: User | None, now: datetime) -> Act | None:
    """It is paid, and counts from its first day on. None: it is not expected any more, and nothing was done."""
    row = Contract.objects.select_for_update(of=("self",), no_key=True).get(pk=contract.pk)
    if row.status != _EXPECTED:
        return None
    with confirming(row, by, now) as deed:
        turn(row, Contract.Status.PAID, now)
        project([row.account_id], now)
    return deed


# Billing reports ------------------------------------------------------------------------------------------------------

_SAME = 'lower({0}.plan COLLATE "' + COLLATION + '")'

#: SQL: mark, contract_id and term_id for each row of {wanted} (mark, account_id, plan, place) that takes over an
#: expected contract: the first by place gets the oldest. One to which somebody has added terms is not ours any more.
TAKEN_OVER = f"""
    SELECT w.mark, e.id AS contract_id, e.term_id
    FROM (SELECT mark, account_id, {_SAME.format("x")} AS plan,
            row_number() OVER (PARTITION BY account_id, {_SAME.format("x")} ORDER BY place) AS n
        FROM ({{wanted}}) AS x) AS w
    JOIN (SELECT c.id, t.id AS term_id, c.account_id, {_SAME.format("c")} AS plan,
            row_number() OVER (PARTITION BY c.account_id, {_SAME.format("c")} ORDER BY c.created_at, c.id) AS n
        FROM crm_contract c JOIN crm_contractterm t ON t.contract_id = c.id
        WHERE c.status = 'expected' AND c.account_id IN (SELECT account_id FROM ({{wanted}}) AS y)
            AND NOT EXISTS (SELECT FROM crm_contractterm o WHERE o.contract_id = c.id AND o.id <> t.id)
    ) AS e USING (account_id, plan, n)
"""  # noqa: S608  (a constant of ours)

#: To be run first: whoever confirms or takes over one of these is waited for, so that the rule sees what they did.
LOCK_EXPECTED = """
    SELECT c.id FROM crm_contract c
    WHERE c.status = 'expected' AND c.account_id IN (SELECT account_id FROM ({wanted}) AS y)
    ORDER BY c.id FOR NO KEY UPDATE
"""

_ONE = "SELECT 1 AS mark, %(account)s::bigint AS account_id, %(plan)s::text AS plan, 1 AS place"


def expected_for(account_id: int, plan: str, status: str) -> Contract | None:
    """The contract, locked, that one which billing reports now takes over; a trial or a cancelled one takes none."""
    if status not in Contract.COUNTS:
        return None
    values: dict[str, Any] = {"account": account_id, "plan": plan}
    with connection.cursor() as cursor:
        cursor.execute(LOCK_EXPECTED.format(wanted=_ONE), values)
        cursor.execute(TAKEN_OVER.format(wanted=_ONE), values)
        found = cursor.fetchone()
    return Contract.objects.get(pk=found[1]) if found else None
