"""Payments, refunds and purchases: by file and API, what a customer has spent by them, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import override_settings

from crm.history.actions import undo
from crm.history.models import Act
from crm.imports.actions.undoing import undo_import
from crm.imports.models import Import
from crm.ledger import actions
from crm.ledger.models import Contract, CurrencyRate, Payment, Purchase, PurchaseItem, Refund
from crm.timeline.models import Pending, TimelineEntry
from tests import factories
from tests.conftest import NOON
from tests.crm.api.conftest import api, calling

__all__ = ["api", "calling"]
pytestmark = pytest.mark.django_db
PAYMENTS = "external_id,contract_external_id,due_at,paid_at,amount,currency,status\n"
PURCHASES = "external_id,account_external_id,contact_email,purchased_at,amount,currency,product,quantity\n"


@pytest.fixture
def acme(db):
    account = factories.account("Acme", external_id="acme", lifetime_spend=Decimal(5000))
    factories.contract(account, date(2026, 1, 1), external_id="k")
    return account


def spent(account):
    account.refresh_from_db()
    return account.lifetime_spend


def numbers(report):
    return report.created, report.updated, report.skipped, report.rejected


def test_payments_of_a_file_are_what_was_spent_until_it_is_taken_back(load, acme, ada):
    CurrencyRate.objects.create(code="USD", valid_from=date(2026, 1, 1), rate=Decimal("0.9"))
    text = PAYMENTS + (
        "p1,k,2026-01-01,2026-01-03,250,EUR,\n"
        "p2,k,2026-02-01,2026-02-03,100,USD,paid\n"
        "p3,k,2026-03-01,,250,,failed\n"
        "p4,k,2026-04-01,2026-04-01,80,EUR,refunded\n"
        "p5,k,2026-05-01,,250,EUR,\n"
    )
    assert numbers(load("payments", text)) == (5, 0, 0, 0)
    found = Payment.objects.order_by("external_id").values_list("status", "amount", "rate", "refunded", "attempts")
    assert list(found) == [
        ("paid", 250, 1, 0, 0), ("paid", 100, Decimal("0.9"), 0, 0), ("failed", 250, 1, 0, 1),
        ("refunded", 80, 1, 80, 0), ("open", 250, 1, 0, 0),
    ]  # fmt: skip
    assert Refund.objects.get().amount == 80
    assert spent(acme) == 340
    told = TimelineEntry.objects.filter(kind__startswith="payment.").order_by("occurred_at", "kind")
    assert [entry.kind for entry in told] == ["payment.paid", "payment.paid", "payment.failed", "payment.paid",
                                              "payment.refunded"]  # fmt: skip
    assert not Pending.objects.exists()
    assert numbers(load("payments", text, now=NOON + timedelta(days=1))) == (0, 0, 5, 0)
    assert (Refund.objects.count(), TimelineEntry.objects.count()) == (1, 5)
    undo_import(Import.objects.order_by("pk").first(), ada, NOON)
    assert (Payment.objects.count(), TimelineEntry.objects.count(), spent(acme)) == (0, 0, 5000)


def test_payments_that_cannot_be_are_named_with_line_and_reason(load, rejects, acme):
    load("payments", PAYMENTS + "p0,k,2026-01-01,2026-01-01,100,EUR,refunded\n")
    report = load("payments", PAYMENTS + (
        "p1,nobody,2026-01-01,,1,EUR,\n"
        "p2,k,2026-01-01,,-5,EUR,\n"
        "p3,k,2026-01-01,,5,XXX,\n"
        "p4,k,2026-01-01,,5,EUR,paid\n"
        "p5,k,,,5,EUR,\n"
        "p6,k,2026-01-01,2027-01-01,5,EUR,\n"
        "p0,k,2026-01-01,2026-01-01,40,EUR,\n"
        "p7,k,2026-01-01,,,EUR,\n"
    ))  # fmt: skip
    assert numbers(report) == (0, 0, 0, 8)
    assert [(line, column, reason) for line, column, _, reason, _ in rejects("payments")] == [
        ("2", "contract_external_id", "is the id of no contract here"),
        ("3", "amount", "is negative"),
        ("4", "currency", "has no rate to EUR, the reporting currency"),
        ("5", "paid_at", "is missing"),
        ("6", "due_at", "is missing"),
        ("7", "paid_at", "is still to come"),
        ("8", "amount", "is less than what went back already"),
        ("9", "amount", "is missing"),
    ]
    assert (Payment.objects.count(), spent(acme)) == (1, 0)


def test_rows_of_one_id_are_one_purchase(load, acme, ada):
    anna = factories.contact(acme, email="anna@acme.example")
    text = PURCHASES + (
        "o1,acme,anna@acme.example,2026-03-01 10:15,20,EUR,Beans,2\n"
        "o1,acme,,,5,,Filter,\n"
        "o1,acme,,2026-03-01 10:15,20,EUR,Beans,2\n"
        "o2,acme,,2026-04-01,7.50,EUR,,\n"
    )
    assert numbers(load("purchases", text)) == (4, 0, 0, 0)
    one = Purchase.objects.get(external_id="o1")
    assert (one.contact, one.purchased_at) == (anna, datetime(2026, 3, 1, 10, 15, tzinfo=UTC))
    items = [(item.place, item.product, item.quantity, item.amount) for item in one.items.all()]
    assert items == [(1, "Beans", 2, 20), (2, "Filter", 1, 5), (3, "Beans", 2, 20)]
    assert spent(acme) == Decimal("52.50")
    entry = TimelineEntry.objects.get(key=f"purchase.made:{one.pk}")
    assert (entry.text, entry.contact) == ("Bought Beans, Filter for €\N{NARROW NO-BREAK SPACE}45", anna)
    assert numbers(load("purchases", text)) == (0, 0, 4, 0)
    assert numbers(load("purchases", PURCHASES + "o1,acme,,,9,,Filter,1\no1,acme,,,3,,Spoon,1\n")) == (1, 1, 0, 0)
    assert spent(acme) == Decimal("59.50")
    undo_import(Import.objects.order_by("pk").last(), ada, NOON)
    assert (spent(acme), PurchaseItem.objects.count()) == (Decimal("52.50"), 4)
    assert not Pending.objects.exists()


def test_rows_that_are_no_purchase_are_named(load, rejects, acme):
    factories.account(external_id="other")
    report = load("purchases", PURCHASES + (
        "o1,acme,,2026-03-01,1,EUR,A,1\n"
        "o1,other,,2026-03-01,1,EUR,B,1\n"
        "o1,acme,,2026-03-02,1,EUR,C,1\n"
        "o2,acme,who@x.example,2026-03-01,1,EUR,,1\n"
        "o3,acme,,2026-03-01,1,EUR,,0\n"
        "o4,acme,,,1,EUR,,1\n"
        "o5,nobody,,2026-03-01,1,EUR,,1\n"
    ))  # fmt: skip
    assert numbers(report) == (1, 0, 0, 6)
    assert {(line, column) for line, column, *_ in rejects("purchases")} == {
        ("3", "account_external_id"), ("4", "purchased_at"), ("5", "contact_email"), ("6", "quantity"),
        ("7", "purchased_at"), ("8", "account_external_id"),
    }  # fmt: skip


def test_a_payment_is_paid_goes_back_in_part_and_never_beyond(api, acme):
    contract = Contract.objects.get()
    body = {"account": acme.pk, "contract": contract.pk, "external_id": "p", "due_at": "2026-05-01T00:00:00Z",
            "amount": "100", "currency": "EUR", "status": "failed", "failure_reason": "card expired"}  # fmt: skip
    made = api.post("/api/v1/payments/", body)
    assert (made.status_code, made.json()["attempts"], spent(acme)) == (201, 1, 5000)
    url = made["Location"]
    assert api.patch(url, {"status": "paid"}).json()["errors"] == {
        "paid_at": ["Say when it was paid: figures count by it."]
    }
    assert api.patch(url, {"status": "paid", "paid_at": "2026-05-04T00:00:00Z"}).status_code == 200
    assert spent(acme) == 100
    back = api.post(f"{url}refunds/", {"amount": "30", "external_id": "r1"})
    assert (back.status_code, back.json()["status"], back.json()["refunded"]) == (201, "partly_refunded", "30.00")
    much = api.post(f"{url}refunds/", {"amount": "70.01"})
    assert much.status_code == 400
    assert much.json()["errors"] == {
        "amount": ["At most €\u202f70 can go back: of €\u202f100, €\u202f30 went back already."]
    }
    assert (Refund.objects.count(), spent(acme)) == (1, 70)
    assert api.post(f"{url}refunds/", {"amount": "70"}).json()["status"] == "refunded"
    assert api.patch(url, {"status": "paid"}).json()["status"] == "refunded"
    kinds = TimelineEntry.objects.filter(kind__startswith="payment.").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["payment.failed", "payment.paid", "payment.refunded", "payment.refunded"]
    other = api.post("/api/v1/payments/", body | {"account": factories.account().pk, "external_id": "q"})
    assert other.json()["errors"] == {"contract": ["The contract is another customer's."]}
    no_rate = api.post("/api/v1/payments/", body | {"currency": "XXX", "external_id": "q"})
    assert "no rate to EUR" in no_rate.json()["errors"]["currency"][0]
    assert Payment.objects.count() == 1


def test_a_purchase_is_made_and_its_items_are_replaced(api, acme):
    body = {"account": acme.pk, "external_id": "o", "purchased_at": "2026-05-01T09:00:00Z", "currency": "EUR",
            "items": [{"product": "Beans", "quantity": 2, "amount": "20"}, {"amount": "5"}]}  # fmt: skip
    made = api.post("/api/v1/purchases/", body)
    assert made.status_code == 201, made.content
    assert (spent(acme), made.json()["items"][1]) == (25, {"product": "", "quantity": 1, "amount": "5.00"})
    changed = api.patch(made["Location"], {"items": [{"product": "Beans", "amount": "11"}]})
    assert (changed.status_code, spent(acme), PurchaseItem.objects.get().quantity) == (200, 11, 1)
    for wrong in ({"items": []}, {"items": [{"amount": "-1"}]}, {"items": [{"amount": "1", "quantity": 0}]}):
        assert api.patch(made["Location"], wrong).status_code == 400
    undo(Act.objects.filter(kind="edit").order_by("-pk").first(), None, NOON)
    assert spent(acme) == 25


def test_a_contract_is_decided_about_through_the_api(api, acme):
    contract = Contract.objects.get()
    actions.project([acme.pk], NOON)
    url = f"/api/v1/contracts/{contract.pk}/"
    assert api.post(f"{url}change/", {"mrr": "150"}).status_code == 201
    assert api.post(f"{url}change/", {"mrr": "150"}).json()["errors"] == {
        "mrr": ["This is what it is already: nothing would change."]
    }
    assert api.post(f"{url}cancellation/", {"reason": "Because"}).status_code == 400
    from crm.ledger.models import CancelReason

    CancelReason.objects.get_or_create(name="Too expensive")
    left = api.post(f"{url}cancellation/", {"reason": "Too expensive"})
    assert (left.status_code, left.json()["status"], left.json()["cancelled_on"]) == (201, "cancelled", "2026-06-01")
    assert api.post(f"{url}reinstatement/", {}).json()["status"] == "paid"
    assert api.post(f"{url}pause/", {}).json()["status"] == "paused"
    assert api.post(f"{url}resumption/", {}).json()["status"] == "paid"
    kept = api.post(f"{url}saving/", {"reason": "Too expensive", "by": "discount", "percent": 10, "months": 2})
    assert [term["mrr"] for term in kept.json()["terms"]] == ["100.00", "135.00", "150.00"]
    assert api.patch(url, {"cancelled_on": "2026-01-01"}).status_code == 400


def test_spend_that_follows_from_facts_is_not_written(api, acme, ada):
    where = f"/api/v1/accounts/{acme.pk}/"
    assert api.patch(where, {"lifetime_spend": "70"}).status_code == 200
    said = {"due_at": NOON, "paid_at": NOON, "amount": 40, "currency": "EUR", "status": "paid", "rate": 1}
    Payment.objects.create(account=acme, external_id="p", **said)
    actions.project([acme.pk], NOON)
    refused = api.patch(where, {"lifetime_spend": "9", "name": "Other"})
    assert refused.status_code == 400
    assert "payments and purchases. Record one" in refused.json()["errors"]["lifetime_spend"][0]
    assert spent(acme) == 40
    assert acme.name == "Acme"
    assert api.patch(where, {"lifetime_spend": "40.00", "name": "Other"}).status_code == 200  # as it is
    Payment.objects.all().delete()
    actions.project([acme.pk], NOON)
    assert spent(acme) == 70  # what somebody entered comes back, and may be written again
    assert api.patch(where, {"lifetime_spend": "9"}).status_code == 200


def test_a_file_and_the_api_book_with_the_rate_of_the_day_as_people_there_have_it(load, acme, api):
    """Midnight in Berlin is still the day before in UTC."""
    for day, rate in ((date(2025, 1, 1), "0.5"), (date(2026, 1, 1), "0.9")):
        CurrencyRate.objects.create(code="USD", valid_from=day, rate=Decimal(rate))
    midnight, before = "2026-01-01T00:00:00+01:00", "2025-12-31T23:59:59+01:00"
    with override_settings(TIME_ZONE="Europe/Berlin"):
        load("payments", f"{PAYMENTS}f1,k,{before},{before},10,USD,paid\nf2,k,{midnight},{midnight},10,USD,paid\n")
        load("purchases", f"{PURCHASES}g1,acme,,{before},10,USD,Tea,1\ng2,acme,,{midnight},10,USD,Tea,1\n")
        body = {"account": acme.pk, "amount": "10.00", "currency": "USD", "status": "paid"}
        for name, moment in (("f3", before), ("f4", midnight)):
            said = body | {"external_id": name, "due_at": moment, "paid_at": moment}
            assert api.post("/api/v1/payments/", said).status_code == 201
    rates = [Decimal("0.5"), Decimal("0.9")]
    assert list(Payment.objects.order_by("external_id").values_list("rate", flat=True)) == rates * 2
    assert list(Purchase.objects.order_by("external_id").values_list("rate", flat=True)) == rates


def test_a_file_that_calls_the_rest_refunded_says_how_much_that_was(load, acme, api):
    row = "p,k,2026-05-01,2026-05-01,100,EUR,"
    load("payments", f"{PAYMENTS}{row}paid\n")
    assert api.post(f"/api/v1/payments/{Payment.objects.get().pk}/refunds/", {"amount": "30"}).status_code == 201
    load("payments", f"{PAYMENTS}{row}refunded\n")
    assert sorted(Refund.objects.values_list("amount", flat=True)) == [30, 70]
    told = TimelineEntry.objects.filter(kind="payment.refunded").order_by("pk").values_list("text", flat=True)
    assert [text.removeprefix("Refunded ") for text in told] == ["€\u202f30", "€\u202f70"]
