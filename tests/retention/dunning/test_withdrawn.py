"""What nobody wants any more is not asked for, one try is under way at a time, and money comes in once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from crm.accounts.models import Account
from crm.billing.models import BillingObject, PaymentAttempt, PaymentMethod
from crm.ledger.models import Payment
from retention.dunning.actions import deciding
from retention.dunning.models import DunningCase, DunningSettings
from tests.conftest import NOON
from tests.retention.dunning.conftest import DAY, HOUR, again, case_of, declined, paid, say

Run = Callable[[datetime], None]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def failed(on: DunningSettings, kelp: Account, work_at: Run, settings: Any) -> Payment:
    """One that Stripe knows, with a case."""
    settings.STRIPE_API_KEY = "rk_test_12345678"
    return _failed(kelp, work_at)


def _failed(kelp: Account, work_at: Run, **more: Any) -> Payment:
    payment = declined(kelp, NOON, **more)
    BillingObject.objects.create(source="stripe", kind="payment", external_id=payment.external_id, told_at=NOON)
    work_at(NOON)
    return payment


def _episodes() -> list[tuple[int, str]]:
    return list(DunningCase.objects.order_by("episode").values_list("episode", "state"))


@pytest.mark.parametrize("verb", [lambda case, by: deciding.forgive(case, "So be it", by, NOON + HOUR),
                                  lambda case, by: deciding.stop(case, by, NOON + HOUR)])  # fmt: skip
def test_what_is_forgiven_or_stopped_is_not_asked_for_any_more(failed: Payment, mira: Any, verb: Any) -> None:
    case = deciding.try_now(case_of(failed), mira, NOON + HOUR)
    assert PaymentAttempt.objects.get().state == "waiting"
    verb(case, mira)
    assert PaymentAttempt.objects.get().state == "cancelled"


def test_what_stripe_was_perhaps_asked_is_not_asked_again_and_settled_by_what_comes(
    failed: Payment, mira: Any, work_at: Run
) -> None:
    case = deciding.try_now(case_of(failed), mira, NOON + HOUR)
    PaymentAttempt.objects.update(state="sending", first_sent_at=NOON + HOUR)
    deciding.forgive(case, "So be it", mira, NOON + HOUR)
    assert PaymentAttempt.objects.get().state == "uncertain"
    paid(failed, NOON + 2 * HOUR)
    work_at(NOON + 3 * HOUR)
    assert case_of(failed).state == "recovered"


def test_whoever_goes_on_after_a_stop_has_another_try(failed: Payment, mira: Any, work_at: Run) -> None:
    case = deciding.try_now(case_of(failed), mira, NOON + HOUR)
    deciding.stop(case, mira, NOON + HOUR)
    deciding.resume(case, mira, NOON + HOUR + MINUTE)
    work_at(NOON + HOUR + 2 * MINUTE)
    found = case_of(failed)
    assert found.asked_at is None
    assert found.next_at


def test_another_card_waits_for_the_answer_of_the_try_that_is_under_way(
    on: DunningSettings, kelp: Account, mira: Any, work_at: Run, settings: Any
) -> None:
    settings.STRIPE_API_KEY = "rk_test_12345678"
    payment = _failed(kelp, work_at, failure_reason="lost_card")
    early = datetime.fromisoformat("2026-06-02T05:50Z")
    deciding.try_now(case_of(payment), mira, early)
    PaymentMethod.objects.create(account=kelp, external_id="pm_2", added_at=early)
    work_at(early)
    assert case_of(payment).next_at is None
    PaymentAttempt.objects.update(state="declined")
    work_at(early + MINUTE)
    due = case_of(payment).next_at
    assert due == datetime.fromisoformat("2026-06-02T07:00Z")
    work_at(due)
    assert PaymentAttempt.objects.count() == 2


def test_a_planned_try_waits_for_the_answer_of_the_one_that_is_under_way(
    failed: Payment, mira: Any, work_at: Run
) -> None:
    """A day after its own try, of which nobody has heard, the billing system is believed no more, and we plan."""
    deciding.try_now(case_of(failed), mira, NOON + HOUR)
    DunningCase.objects.update(next_at=NOON + 2 * HOUR)
    work_at(NOON + 2 * HOUR)
    assert PaymentAttempt.objects.count() == 1


@pytest.mark.parametrize("looked_at", [None, NOON + 2 * HOUR])
def test_money_of_a_payment_with_several_cases_comes_in_once(
    failed: Payment, work_at: Run, looked_at: datetime | None
) -> None:
    """Voided, and so lost; then it failed again. Whether the look that is taken once an hour comes before or after."""
    say(failed, NOON + HOUR, status="void")
    work_at(NOON + HOUR)
    again(failed, NOON + 2 * HOUR, status="failed")
    work_at(NOON + 2 * HOUR)
    assert _episodes() == [(1, "lost"), (2, "open")]
    paid(failed, NOON + 2 * HOUR + MINUTE)
    DunningSettings.objects.update(looked_at=looked_at)
    work_at(NOON + 2 * HOUR + 2 * MINUTE)
    work_at(NOON + DAY)
    assert _episodes() == [(1, "lost"), (2, "recovered")]
