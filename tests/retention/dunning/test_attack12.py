from __future__ import annotations
from datetime import datetime, timedelta
from typing import Any
import pytest
from crm.billing.models import BillingObject, PaymentAttempt, PaymentMethod
from crm.ledger.models import Payment
from retention.dunning.actions import deciding
from retention.dunning.models import DunningCase, DunningSettings
from tests.conftest import NOON
from tests.retention.dunning.conftest import DAY, HOUR, again, case_of, declined, paid, say


def test_jam(on, kelp, work_at):
    p = declined(kelp, NOON)
    work_at(NOON)
    say(p, NOON + HOUR, status="void")
    work_at(NOON + HOUR)
    again(p, NOON + 2 * HOUR, status="failed")
    work_at(NOON + 2 * HOUR)
    assert list(DunningCase.objects.order_by("episode").values_list("episode", "state")) == [(1, "lost"), (2, "open")]
    paid(p, NOON + 4 * HOUR)
    work_at(NOON + 4 * HOUR)
    assert list(DunningCase.objects.order_by("episode").values_list("episode", "state")) == [(1, "lost"), (2, "recovered")]


def test_twice(on, kelp, work_at):
    p = declined(kelp, NOON)
    work_at(NOON)
    say(p, NOON + HOUR, status="void")
    work_at(NOON + HOUR)
    again(p, NOON + 2 * HOUR, status="failed")
    work_at(NOON + 2 * HOUR)
    paid(p, NOON + 2*HOUR + timedelta(minutes=3))
    DunningSettings.objects.update(looked_at=NOON + 2*HOUR)
    work_at(NOON + 2*HOUR + timedelta(minutes=5))
    work_at(NOON + 6*HOUR)
    assert list(DunningCase.objects.order_by("episode").values_list("episode", "state")) == [(1, "lost"), (2, "recovered")]


def test_forgiven_not_asked(on, kelp, work_at, mira, settings):
    settings.STRIPE_API_KEY = "rk_test_12345678"
    p = declined(kelp, NOON)
    BillingObject.objects.create(source="stripe", kind="payment", external_id=p.external_id, told_at=NOON)
    work_at(NOON)
    case = deciding.try_now(case_of(p), mira, NOON + HOUR)
    deciding.forgive(case, "so be it", mira, NOON + HOUR)
    assert PaymentAttempt.objects.get().state == "cancelled"


def test_overlap(on, kelp, work_at, mira, settings):
    settings.STRIPE_API_KEY = "rk_test_12345678"
    p = declined(kelp, NOON, failure_reason="lost_card")
    BillingObject.objects.create(source="stripe", kind="payment", external_id=p.external_id, told_at=NOON)
    work_at(NOON)
    now = datetime.fromisoformat("2026-06-02T05:50Z")
    deciding.try_now(case_of(p), mira, now)
    PaymentMethod.objects.create(account=kelp, external_id="pm_2", added_at=now)
    work_at(now)
    c = case_of(p)
    print(c.asked_at, c.next_at)
    if c.next_at: work_at(c.next_at)
    assert PaymentAttempt.objects.filter(state="waiting").count() == 1
