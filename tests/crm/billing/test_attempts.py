"""A payment is tried again: asked once for each key, whoever dies in between, and what came of it is noted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from crm.accounts.models import Account
from crm.billing.actions import RETRY_WANTED, NotRetried, retry
from crm.billing.models import PaymentAttempt
from crm.billing.stripe import trying, turns
from crm.ledger.models import Payment
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON
from tests.crm.billing.objects import at, deliver, event, invoice, paid, subscription
from tests.crm.billing.server import Stripe

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def failed(known: Account) -> Payment:
    deliver(
        event("customer.subscription.created", subscription(), at("2026-05-10")),
        event("invoice.payment_failed", invoice(attempt_count=1), at("2026-05-31")),
    )
    return Payment.objects.get()


def test_it_is_paid_once_and_the_ledger_knows_at_once(server: Stripe, failed: Payment) -> None:
    first, again = retry(failed, "case:1", NOON), retry(failed, "case:1", NOON)
    assert first == again
    assert trying.work(NOON) == 1
    assert trying.work(NOON) == 0

    first.refresh_from_db()
    failed.refresh_from_db()
    assert (first.state, failed.status, len(server.keys)) == ("succeeded", "paid", 1)
    deliver(event("invoice.paid", paid(), at("2026-06-01")))
    assert TimelineEntry.objects.filter(kind="payment.paid").count() == 1


def test_a_decline_says_why_and_the_same_key_never_asks_again(server: Stripe, failed: Payment) -> None:
    error = {
        "type": "card_error",
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "message": "No funds.",
    }
    server.answers = [(402, {"error": error})]
    row = retry(failed, "case:1", NOON)
    trying.work(NOON)
    row.refresh_from_db()
    assert (row.state, row.reason, row.code) == ("declined", "No funds.", "insufficient_funds")
    assert retry(failed, "case:1", NOON).state == "declined"
    assert trying.work(NOON + timedelta(days=1)) == 0
    failed.refresh_from_db()
    assert failed.status == "failed"


def test_who_gets_no_answer_asks_again_under_the_same_key(server: Stripe, failed: Payment) -> None:
    server.silent = 1
    row = retry(failed, "case:1", NOON)
    trying.work(NOON)
    row.refresh_from_db()
    assert row.state == "waiting"
    trying.work(NOON + timedelta(minutes=2))
    row.refresh_from_db()
    assert (row.state, len(server.keys), len(server.charged)) == ("succeeded", 2, 1)


def test_a_worker_that_dies_is_followed_by_another_and_says_nothing_later(
    server: Stripe, failed: Payment, monkeypatch: Any
) -> None:
    row = retry(failed, "case:1", NOON)
    _, claimed = turns.claim(trying.ERRAND, NOON)
    assert claimed is not None
    assert trying.work(NOON + turns.LEASE - timedelta(seconds=1)) == 0
    assert trying.work(NOON + turns.LEASE) == 1
    turns.note(trying.ERRAND, claimed, turns.Outcome("declined", "Too late."), NOON)
    row.refresh_from_db()
    assert (row.state, row.claims, len(server.charged)) == ("succeeded", 2, 1)


def test_after_half_of_what_stripe_remembers_it_stays_uncertain(server: Stripe, failed: Payment) -> None:
    server.silent = 9
    row = retry(failed, "case:1", NOON)
    trying.work(NOON)
    trying.work(NOON + turns.KEY_HOLDS + timedelta(seconds=1))
    row.refresh_from_db()
    assert (row.state, len(server.keys)) == ("uncertain", 1)

    deliver(event("invoice.paid", paid(), at("2026-06-01")))
    row.refresh_from_db()
    assert row.state == "succeeded"


def test_one_that_was_paid_meanwhile_is_not_asked_for(server: Stripe, failed: Payment) -> None:
    row = retry(failed, "case:1", NOON)
    deliver(event("invoice.paid", paid(), at("2026-06-01")))
    trying.work(NOON)
    row.refresh_from_db()
    assert (row.state, server.keys) == ("cancelled", [])
    with pytest.raises(NotRetried):
        retry(Payment.objects.get(), "case:2", NOON)
    assert PaymentAttempt.objects.count() == 1


def test_a_key_that_is_not_taken_says_so(server: Stripe, failed: Payment) -> None:
    server.answers = [(401, {"error": {"message": "Invalid API Key"}})]
    row = retry(failed, "case:1", NOON)
    trying.work(NOON)
    row.refresh_from_db()
    assert row.state == "failed"
    assert "does not take the API key" in row.reason


def test_without_a_key_nobody_is_asked(failed: Payment) -> None:
    row = retry(failed, "case:1", NOON)
    assert (row.state, row.reason) == (
        "failed", "Stripe cannot be asked without an API key. Give one under Settings, Billing."
    )  # fmt: skip


def test_another_system_is_told_once_and_answers_by_what_it_reports(acme: Account) -> None:
    contract = factories.contract(acme, NOON.date())
    payment = Payment.objects.create(
        account=acme, contract=contract, external_id="inv-9", due_at=NOON, amount=30, currency="EUR", status="failed",
        attempts=1, failed_at=NOON,
    )  # fmt: skip
    row = retry(payment, "case:1", NOON)
    retry(payment, "case:1", NOON)
    told = TimelineEntry.objects.get(kind=RETRY_WANTED)
    assert (row.state, told.payload["external_id"], told.payload["key"]) == ("told", "inv-9", "case:1")
    assert trying.work(NOON) == 0


def test_what_the_caller_takes_back_was_never_asked_for(failed: Payment) -> None:
    with transaction.atomic():
        retry(failed, "case:1", NOON)
        transaction.set_rollback(True)
    assert not PaymentAttempt.objects.exists()
