"""Edges of contracts, payments and purchases: what came back at another price, what went back already, whose words."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from crm.accounts.models import Account
from crm.history.actions import undo
from crm.ledger.actions import changing, leaving, payments
from crm.ledger.actions.changing import NewTerms
from crm.ledger.actions.leaving import Asked, Discount
from crm.ledger.models import Cancellation, CancelReason, Payment
from crm.privacy.erasing import erase
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON
from tests.crm.api.conftest import api, calling

__all__ = ["api", "calling"]
pytestmark = pytest.mark.django_db
PAYMENTS = "external_id,contract_external_id,due_at,paid_at,amount,currency,status\n"
DAY = timedelta(days=1)


@pytest.fixture
def acme(db):
    return factories.account("Acme", external_id="acme")


@pytest.fixture
def contract(acme):
    made = factories.contract(acme, date(2026, 5, 1), date(2026, 7, 1), mrr=100, external_id="k", auto_renew=True)
    made.terms.create(starts_on=date(2026, 7, 1), ends_on=date(2026, 9, 1), mrr=100)
    return made


@pytest.fixture
def asked(db):
    return Asked(CancelReason.objects.get_or_create(name="Price")[0], "Our Anna Berg is ill")


def prices(contract):
    return [(str(term), term.mrr) for term in contract.terms.order_by("starts_on")]


def test_what_a_notice_took_comes_back_at_the_price_of_now(contract, asked, mira):
    leaving.cancel(contract, asked, date(2026, 6, 20), mira, NOON)
    dearer = changing.change(contract, NewTerms(Decimal(150), date(2026, 6, 10)), mira, NOON)
    leaving.reinstate(contract, mira, NOON + DAY)
    assert prices(contract) == [
        ("2026-05-01 to 2026-06-10", 100), ("2026-06-10 to 2026-07-01", 150), ("2026-07-01 to 2026-09-01", 150),
    ]  # fmt: skip
    assert dearer


def test_a_price_that_was_taken_back_or_is_a_discount_is_none(contract, asked, mira):
    leaving.cancel(contract, asked, date(2026, 6, 20), mira, NOON)
    undo(changing.change(contract, NewTerms(Decimal(150), date(2026, 6, 10)), mira, NOON), mira, NOON)
    leaving.save_by_discount(contract, asked, Discount(50, 3), mira, NOON)
    leaving.reinstate(contract, mira, NOON + DAY)
    assert prices(contract)[-1] == ("2026-07-01 to 2026-09-01", 100)


def test_what_they_said_stands_with_the_cancellation_alone_and_leaves_with_them(contract, asked, mira):
    person = factories.contact(contract.account, first_name="Anna", last_name="Berg")
    leaving.cancel(contract, asked, date(2026, 6, 20), mira, NOON)
    entry = TimelineEntry.objects.get(kind="contract.cancelled")
    assert entry.text.endswith(f"{asked.reason}")
    assert "ill" not in str(entry.payload)
    erase(person.pk, mira, NOON)
    assert Cancellation.objects.get().note == ""


def test_the_words_of_a_person_who_is_the_customer_go_whole(contract, asked, mira):
    Account.objects.update(kind="person")
    person = factories.contact(contract.account)
    leaving.cancel(contract, Asked(asked.reason, "I am ill"), date(2026, 6, 20), mira, NOON)
    erase(person.pk, mira, NOON)
    assert Cancellation.objects.get().note == ""


def test_what_went_back_says_how_a_payment_stands_whatever_a_file_says(contract, load):
    load("payments", PAYMENTS + "p,k,2026-05-01,2026-05-02,100,EUR,refunded\n")
    load("payments", PAYMENTS + "p,k,,,150,,\n")
    payment = Payment.objects.get()
    assert (payment.status, payment.refunded, payment.amount) == ("partly_refunded", 100, 150)
    load("payments", PAYMENTS + "p,k,,,100,,paid\n")
    payment.refresh_from_db()
    assert payment.status == "refunded"


def test_what_went_back_stays_back_one_at_a_time_too(contract):
    values = {"account_id": contract.account_id, "amount": Decimal(100), "currency": "EUR", "due_at": NOON,
              "paid_at": NOON, "status": "paid"}  # fmt: skip
    payment = payments.save(Payment(), values, NOON)
    payments.refund(payment, Decimal(100), NOON, None, NOON)
    assert payments.save(payment, {"amount": Decimal(130)}, NOON).status == "partly_refunded"
    assert payments.save(payment, {"amount": Decimal(100)}, NOON).status == "refunded"


def test_each_try_that_fails_is_told(contract):
    values = {"account_id": contract.account_id, "amount": Decimal(100), "currency": "EUR", "due_at": NOON}
    payment = payments.save(Payment(), {**values, "status": "failed", "attempts": 1}, NOON)
    payments.save(payment, {"status": "failed", "attempts": 1}, NOON)
    payments.save(payment, {"status": "failed", "attempts": 2, "failed_at": NOON}, NOON)
    assert TimelineEntry.objects.filter(kind="payment.failed").count() == 2


def test_a_purchase_by_api_is_of_one_of_the_customers_people(api, acme):
    stranger, ours = factories.contact(), factories.contact(acme)
    said = {"account": acme.pk, "contact": stranger.pk, "purchased_at": NOON.isoformat(), "currency": "EUR",
            "items": [{"amount": "5.00"}]}  # fmt: skip
    refused = api.post("/api/v1/purchases/", said)
    assert (refused.status_code, acme.purchases.count()) == (400, 0)
    assert "another customer" in refused.content.decode()
    made = api.post("/api/v1/purchases/", said | {"contact": ours.pk})
    assert made.status_code == 201
    path = f"/api/v1/purchases/{made.json()['id']}/"
    assert api.patch(path, {"contact": stranger.pk}).status_code == 400
    assert acme.purchases.get().contact == ours
