"""The daily look finds what no webhook told, page by page, mends it by the same fold, and says so."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from crm.accounts.models import Account
from crm.billing.models import BillingCustomer, BillingDifference, BillingFact, BillingLook
from crm.billing.stripe import looking
from crm.ledger.models import Contract, ContractTerm, Payment
from tests.conftest import NOON
from tests.crm.billing.objects import at, deliver, event, invoice, item, paid, subscription
from tests.crm.billing.server import Stripe

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def _look(now=NOON) -> BillingLook:
    for _ in range(30):
        if not looking.work(now):
            break
    return BillingLook.objects.latest("pk")


def test_the_first_look_reads_all_there_is_in_pages(server: Stripe, known: Account) -> None:
    customer = {"id": "cus_2", "object": "customer", "email": "kim@acme.example", "name": "Acme again"}
    server.lists["/v1/subscriptions"] = [
        subscription(id=f"sub_{number}", customer=customer if number == 5 else "cus_1") for number in range(5, 0, -1)
    ]
    server.lists["/v1/invoices"] = [paid()]

    look = _look()

    assert Contract.objects.count() == 5
    assert Payment.objects.get().status == "paid"
    assert (look.seen, look.mended, look.finished_at) == (6, 6, NOON)
    assert [path for path, _ in server.asked] == ["/v1/subscriptions"] * 3 + ["/v1/invoices"]
    assert BillingCustomer.objects.get(external_id="cus_2").account == known
    assert _look(NOON + DAY - timedelta(seconds=1)) == look


def test_a_later_look_reads_events_under_their_own_ids(server: Stripe, known: Account) -> None:
    told = event("customer.subscription.created", subscription(), at("2026-05-31"), "evt_1")
    server.lists["/v1/subscriptions"] = [subscription()]
    deliver(told)
    _look()
    assert not BillingDifference.objects.exists()

    dearer = subscription(items={"data": [item(4500)]})
    missed = event("customer.subscription.updated", dearer, at("2026-06-02", 6), "evt_2")
    server.lists |= {"/v1/events": [missed, told], "/v1/subscriptions": [dearer]}
    look = _look(NOON + DAY)

    assert (look.mended, ContractTerm.objects.latest("starts_on").mrr) == (1, Decimal("45.00"))
    found = BillingDifference.objects.get()
    assert (found.what, found.mended) == ("No webhook told of customer.subscription.updated", True)
    deliver(missed)
    assert ContractTerm.objects.count() == 2


def test_a_subscription_that_says_something_else_is_mended(server: Stripe, known: Account) -> None:
    deliver(event("customer.subscription.created", subscription(), at("2026-05-31"), "evt_1"))
    server.lists["/v1/subscriptions"] = [subscription(cancel_at_period_end=True)]
    _look()
    assert Contract.objects.get().auto_renew is False
    assert BillingDifference.objects.get().what == "auto_renew: True → False"
    _look(NOON + DAY)
    assert BillingDifference.objects.count() == 1


def test_what_cannot_be_mended_says_why_and_the_rest_goes_on(server: Stripe, known: Account) -> None:
    server.lists["/v1/subscriptions"] = [
        subscription(id="sub_9", currency="chf"), subscription(id="sub_8", start_date=None, current_period_start=None),
        subscription(),
    ]  # fmt: skip
    _look()
    assert Contract.objects.get().external_id == "sub_1"
    assert {row.why_not.partition(" has")[0]: row.mended for row in BillingDifference.objects.all()} == {
        "CHF": False, "The subscription does not say when it began.": False, "": True,
    }  # fmt: skip


def test_it_waits_when_stripe_wants_rest_and_goes_on_where_it_was(server: Stripe, known: Account) -> None:
    server.lists["/v1/subscriptions"] = [subscription(id=f"sub_{number}") for number in range(3)]
    assert [looking.work(NOON), looking.work(NOON)] == [1, 1]  # no events yet, and a page
    server.answers = [(429, {})]
    assert looking.work(NOON) == 0
    look = BillingLook.objects.get()
    assert (look.after, look.failures, look.trouble) == ("sub_1", 1, "Stripe asks for less at a time.")
    assert looking.work(NOON + timedelta(seconds=59)) == 0
    _look(NOON + timedelta(seconds=60))
    look.refresh_from_db()
    assert (Contract.objects.count(), look.trouble) == (3, "")
    assert look.finished_at


def test_a_look_and_what_it_found_are_kept_for_ninety_days(server: Stripe, known: Account) -> None:
    server.lists["/v1/subscriptions"] = [subscription()]
    first = _look()
    assert first.differences.exists()
    _look(NOON + looking.KEPT)
    assert BillingLook.objects.filter(pk=first.pk).exists()
    _look(NOON + looking.KEPT + looking.EVERY)
    assert not BillingLook.objects.filter(pk=first.pk).exists()
    assert not BillingDifference.objects.filter(look_id=first.pk).exists()
    assert BillingFact.objects.exists()
    assert Contract.objects.count() == 1


def test_without_a_key_nothing_is_asked(server: Stripe, settings) -> None:
    settings.STRIPE_API_KEY = ""
    assert looking.work(NOON) == 0
    assert looking.next_due(NOON) is None
    assert not server.asked


def test_a_key_that_is_not_taken_ends_the_look_until_somebody_asks(server: Stripe) -> None:
    server.answers = [(401, {"error": {"message": "Invalid API Key"}})]
    look = _look()
    assert look.finished_at
    assert "does not take the API key" in look.trouble
    assert looking.work(NOON + timedelta(hours=1)) == 0
    assert looking.ask(NOON + timedelta(hours=1))
    assert _look(NOON + timedelta(hours=1)).trouble == ""


def test_an_open_invoice_is_no_payment_twice(server: Stripe, known: Account) -> None:
    deliver(event("customer.subscription.created", subscription(), at("2026-05-31")))
    server.lists["/v1/invoices"] = [invoice(), invoice(id="in_0", amount_due=0, status="paid")]
    _look()
    assert [(row.external_id, row.status) for row in Payment.objects.all()] == [("in_1", "open")]
