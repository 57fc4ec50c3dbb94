"""What Stripe was to be told and nobody knows whether it was: how it stands, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.billing.actions import wishing
from crm.billing.models import BillingWish
from crm.slots import LATE, MOST, Repair, Trouble, Verb, one_by_one

_SELECT = f"""
    SELECT 'stripe' AS grp, 'Decisions about contracts' AS label, due.n AS due, due.late, 0::bigint AS held,
        0::bigint AS parked, unsure.n AS uncertain, 0::bigint AS failed, due.oldest AS oldest_due, '' AS because
    FROM (
        SELECT count(*) AS n, count(*) FILTER (WHERE due_at < %s) AS late, min(due_at) AS oldest FROM (
            SELECT due_at FROM crm_billingwish WHERE state IN ('waiting', 'sending') AND due_at <= %s
            ORDER BY due_at, id LIMIT {MOST + 1}) AS open
    ) AS due, (SELECT count(*) AS n FROM (
        SELECT FROM crm_billingwish WHERE state = 'uncertain' LIMIT {MOST + 1}) AS u) AS unsure
"""  # noqa: S608  (constants of ours)


def select(now: datetime) -> tuple[str, Sequence[Any]]:
    return _SELECT, [now - LATE, now]


def _find(limit: int, below: int | None = None) -> list[Trouble]:
    rows = BillingWish.objects.filter(state="uncertain").select_related("contract__account").order_by("-id")
    return [
        Trouble(
            row.pk, str(row), row.contract.account.get_absolute_url(), row.reason, row.settled_at,
            str(row.contract.account),
        )
        for row in (rows.filter(pk__lt=below) if below else rows)[:limit]
    ]  # fmt: skip


def _each(verb: Callable[[int, datetime], object]) -> Callable[[Sequence[int], str, Any, datetime], list[int]]:
    def one(pk: int, reason: str, by: Any, now: datetime) -> None:
        with transaction.atomic():
            verb(pk, now)

    return one_by_one(one, wishing.NotPossible)


UNCERTAIN = Repair(
    "What Stripe was to be told about contracts",
    "It was asked, and nobody knows whether it did it. The daily comparison settles it as soon as Stripe says so.",
    "uncertain", "billing wishes", _find,
    {
        "again": Verb("Ask once more", "Asked once more", _each(wishing.again), tone="primary"),
        "person": Verb(
            "Have a person tell billing", "Given to a person", _each(wishing.by_person),
            asks="Whoever looks after the customer gets a task.",
        ),
        "believe": Verb(
            "Believe billing", "Billing is believed", _each(wishing.give_up), tone="danger",
            asks="What billing says holds again, whatever was decided here.",
        ),
    },
    order=35,
)  # fmt: skip
