"""A house that follows up failed payments, and billing as it stands on the other side."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from crm.accounts.models import Account
from crm.ledger.actions import payments
from crm.ledger.models import Payment
from crm.web import clock
from retention.dunning import actions
from retention.dunning.models import DunningCase, DunningSettings
from tests import factories
from tests.conftest import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def on(db: None) -> DunningSettings:
    """Switched on a month ago."""
    return DunningSettings.objects.create(pk=1, on_since=NOON - 30 * DAY, mend_url="https://pay.example/card")


@pytest.fixture
def kelp(db: None, mira: Any) -> Account:
    """Mira's customer in Lisbon."""
    made = factories.account("Kelp & Co", owner=mira, timezone="Europe/Lisbon", mrr=300, lifecycle="customer")
    factories.contract(made, date(2026, 1, 1), mrr=300)
    factories.contact(made, first_name="Ana", email="ana@kelp.example")
    return made


def say(payment: Payment, now: datetime, **values: Any) -> Payment:
    """Billing reports how a payment stands."""
    with transaction.atomic(), clock.travelling(now):
        return payments.save(payment, values, now)


def declined(account: Account, at: datetime, amount: str = "120.00", **more: Any) -> Payment:
    values = {
        "amount": Decimal(amount), "currency": "EUR", "due_at": at, "status": "failed", "failed_at": at,
        "failure_reason": "insufficient_funds", "attempts": 1,
    }  # fmt: skip
    return say(Payment(account=account, external_id=f"in_{account.pk}_{at:%d%H%M}_{amount}"), at, **(values | more))


def again(payment: Payment, at: datetime, **more: Any) -> Payment:
    """It was tried, and failed once more."""
    payment.refresh_from_db()
    return say(payment, at, failed_at=at, attempts=payment.attempts + 1, **more)


def paid(payment: Payment, at: datetime) -> Payment:
    payment.refresh_from_db()
    return say(payment, at, status="paid", paid_at=at)


@pytest.fixture
def work_at(db: None) -> Callable[[datetime], None]:
    """All that is due in dunning at this moment."""

    def run(moment: datetime) -> None:
        with clock.travelling(moment):
            for _ in range(20):
                if not actions.work(moment):
                    return
        raise AssertionError(f"At {moment} something is due for ever")

    return run


def case_of(payment: Payment) -> DunningCase:
    return DunningCase.objects.filter(payment=payment).latest("episode")


def story(case: DunningCase) -> list[tuple[str, str]]:
    """What happened in it, in order."""
    return list(case.events.order_by("pk").values_list("kind", "words"))
