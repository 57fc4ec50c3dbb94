"""What comes in by hooks: proven, stored once, read; and refused without a trace when it proves nothing (T13)."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Account
from crm.billing import secrets
from crm.billing.actions import linking
from crm.billing.models import BillingCustomer, BillingObject, PaymentMethod
from crm.billing.rules.wishes import UNSAID
from crm.billing.stripe.subscriptions import said_of
from crm.inbox import actions as inbox
from crm.inbox.models import InboundPayload
from crm.ledger.actions.rates import NewRate
from crm.ledger.actions.rates import add as add_rates
from crm.ledger.models import Contract, ContractTerm, Payment, Refund
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON
from tests.crm.billing.objects import SECRET, at, deliver, event, invoice, item, paid, post, signed, subscription

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stripe")]
MADE = event("customer.subscription.created", subscription(), at("2026-05-10"), "evt_1")


def test_an_event_is_stored_once_and_reaches_the_ledger(client: Client, known: Account) -> None:
    for _ in range(3):
        assert post(client, MADE).status_code == 200

    payload = InboundPayload.objects.get()
    inbox.work(NOON)
    inbox.replay(payload.pk, User.objects.create_user("r@example.com", role="admin"), NOON)
    inbox.work(NOON)

    payload.refresh_from_db()
    assert (payload.state, payload.note) == ("done", "customer.subscription.created: known already")
    contract = Contract.objects.get()
    assert (contract.external_id, contract.plan, contract.status, contract.auto_renew) == (
        "sub_1",
        "Team",
        "paid",
        True,
    )
    assert ContractTerm.objects.get().mrr == Decimal("30.00")
    known.refresh_from_db()
    assert (known.mrr, known.lifecycle) == (Decimal("30.00"), "customer")


def test_any_of_several_signatures_will_do_while_a_secret_is_changed(client: Client, ada: User) -> None:
    linking.connect({"stripe_signing": "whsec_first"}, ada, NOON)
    linking.connect({"stripe_signing": "whsec_second"}, ada, NOON)
    body = json.dumps(MADE)
    moment, first = signed(body, "whsec_first").split(",")
    header = f"{moment},{signed(body, 'whsec_unknown').split(',')[1]},{first},v0=00"

    assert post(client, MADE, **{"Stripe-Signature": header}).status_code == 200
    assert secrets.stripe_signing(NOON + timedelta(hours=24)) == ["whsec_second", SECRET]
    assert secrets.stripe_signing(NOON + timedelta(hours=23)) == ["whsec_second", "whsec_first", SECRET]


def test_a_thousand_that_prove_nothing_leave_no_row(client: Client, refusals_unlogged: None) -> None:
    body = json.dumps(MADE)
    early, late = (signed(body, moment=NOON + timedelta(seconds=shift)) for shift in (-301, 301))
    for number in range(200):
        other = json.dumps(MADE | {"id": f"evt_of_{number}"})
        for header in (signed(body, f"whsec_{number}"), (early, late)[number % 2], signed(other), None,
                       signed(body, "whsec_of_another_installation")):  # fmt: skip
            headers = {} if header is None else {"Stripe-Signature": header}
            answer = client.post("/hooks/stripe/", body, content_type="application/json", headers=headers)
            assert answer.status_code == 403
    assert not InboundPayload.objects.exists()


@pytest.mark.parametrize("shift", [-300, 300])
def test_the_window_is_five_minutes_each_way(client: Client, shift: int) -> None:
    header = signed(json.dumps(MADE), moment=NOON + timedelta(seconds=shift))
    assert post(client, MADE, **{"Stripe-Signature": header}).status_code == 200


@pytest.mark.parametrize("header", ["", "t=,v1=", "t=1,t=2,v1=aa", "v1=aa", "t=ten,v1=aa", "t=1780315200", "\u00e9"])
def test_a_header_that_cannot_be_read_is_refused(client: Client, header: str) -> None:
    assert post(client, MADE, **{"Stripe-Signature": header}).status_code == 403
    assert not InboundPayload.objects.exists()


def test_without_a_secret_there_is_no_such_address(client: Client, settings: Any) -> None:
    settings.STRIPE_SIGNING_SECRETS = []
    assert post(client, MADE).status_code == 404
    assert client.post("/hooks/billing/", "{}", content_type="application/json").status_code == 404
    assert client.get("/hooks/stripe/").status_code == 405


def test_what_is_nothing_to_us_is_ignored() -> None:
    deliver(
        event("payout.paid", {"id": "po_1"}, at("2026-05-10")),
        event("invoice.upcoming", invoice(id=None), at("2026-05-10")),
    )
    assert set(InboundPayload.objects.values_list("state", flat=True)) == {"ignored"}


# Whose it is ----------------------------------------------------------------------------------------------------------


def test_a_customer_is_found_by_external_id_before_an_email(acme: Account) -> None:
    other = factories.account("Other", external_id="other-1")
    whole = {"id": "cus_1", "object": "customer", "email": "KIM@acme.example", "metadata": {"external_id": "other-1"}}
    deliver(event("customer.created", whole, at("2026-05-10")), MADE)
    assert Contract.objects.get().account == other


def test_a_customer_is_found_by_the_email_of_a_person(acme: Account) -> None:
    deliver(event("customer.created", {"id": "cus_1", "email": "Kim@Acme.example"}, at("2026-05-10")), MADE)
    row = BillingCustomer.objects.get()
    assert (row.account, row.matched_by) == (acme, "e-mail")


def test_whoever_is_unknown_waits_for_a_person_and_loses_nothing(acme: Account, ada: User) -> None:
    deliver(MADE, event("invoice.paid", paid(), at("2026-05-12")))
    row = BillingCustomer.objects.get()
    assert not Contract.objects.exists()
    assert BillingCustomer.objects.visible_to(ada).unmatched().get() == row

    linking.link(row, acme, ada, NOON)

    assert Contract.objects.get().account == acme
    assert Payment.objects.get().status == "paid"
    with pytest.raises(linking.NotLinked):
        linking.link(row, acme, ada, NOON)


def test_an_account_is_made_when_that_is_wanted(ada: User) -> None:
    linking.connect({"makes_accounts": True}, ada, NOON)
    deliver(event("customer.created", {"id": "cus_1", "name": "New Ltd", "email": "a@new.example"}, at("2026-05-10")))
    made = Account.objects.get(name="New Ltd")
    assert made.contacts.get().email == "a@new.example"


def test_a_contract_that_a_deal_expects_is_taken_over(known: Account) -> None:
    from crm.ledger.actions.deals import Booking, book

    sold = book(known.pk, Booking("team", Decimal(30), "EUR", NOON.date()), NOON)
    deliver(MADE)
    contract = Contract.objects.get()
    assert (contract.pk, contract.external_id, contract.status) == (sold.pk, "sub_1", "paid")
    assert [str(term) for term in contract.terms.all()] == ["2026-05-10 to 2026-06-10"]


_HALF = {"coupon": {"percent_off": 50, "duration": "forever"}}

# Money ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "more", "mrr"),
    [
        ([item(120_000, interval="year")], {}, "100.00"),
        ([item(1200, interval="week", count=2)], {}, "26.00"),
        ([item(100, interval="day")], {}, "30.42"),
        ([item(3000, interval="month", count=3)], {}, "10.00"),
        ([item(3000, 2), item(500)], {}, "65.00"),
        ([item(3000)], {"discount": {"coupon": {"percent_off": 25.0, "duration": "forever"}}}, "22.50"),
        ([item(3000)], {"discounts": [{"coupon": {"amount_off": 500, "duration": "repeating"}}]}, "25.00"),
        ([item(3000)], {"discount": {"coupon": {"percent_off": 50, "duration": "once"}}}, "30.00"),
        ([item(3000) | {"discounts": [_HALF]}, item(1000)], {}, "25.00"),
        ([item(3000) | {"discounts": [_HALF]}, item(1000)], {"discount": _HALF}, "12.50"),
        ([item(3000)], {"discounts": [{"coupon": {"amount_off": 700, "currency": "usd", "duration": "forever",
                                                  "currency_options": {"eur": {"amount_off": 600}}}}]}, "24.00"),
        ([item(3000)], {"discounts": [{"coupon": {"amount_off": 700, "currency": "usd"}}]}, "30.00"),
        # Versions of the API that know both places say the same discount in each, here whole and there by its id.
        ([item(3000)], {"discount": {"id": "di_1"} | _HALF, "discounts": [{"id": "di_1"} | _HALF]}, "15.00"),
        ([item(3000)], {"discount": {"id": "di_1"} | _HALF, "discounts": [{"id": "di_2"} | _HALF]}, "7.50"),
        ([item(3000), item(99, recurring={"interval": "month", "usage_type": "metered"})], {}, "30.00"),
        ([item(1000, 201, transform_quantity={"divide_by": 100, "round": "up"})], {}, "30.00"),
        ([item(1000, 200, transform_quantity={"divide_by": 100, "round": "up"})], {}, "20.00"),
        ([item(1000, 299, transform_quantity={"divide_by": 100, "round": "down"})], {}, "20.00"),
        ([item(0, 15, billing_scheme="tiered", unit_amount=None, unit_amount_decimal=None, tiers_mode="volume",
               tiers=[{"up_to": None, "unit_amount": 100, "flat_amount": None, "flat_amount_decimal": "50.5"}])],
         {}, "15.50"),
        ([item(0, 15, billing_scheme="tiered", unit_amount=None, unit_amount_decimal=None, tiers_mode="graduated",
               tiers=[{"up_to": 10, "unit_amount": 500}, {"up_to": None, "unit_amount": 300}])], {}, "65.00"),
        ([item(0, 15, billing_scheme="tiered", unit_amount=None, unit_amount_decimal=None, tiers_mode="volume",
               tiers=[{"up_to": 10, "unit_amount": 500}, {"up_to": None, "unit_amount": 300}])], {}, "45.00"),
    ],
)  # fmt: skip
def test_what_a_subscription_brings_a_month(known: Account, items: Any, more: Any, mrr: str) -> None:
    deliver(event("customer.subscription.created", subscription(items={"data": items}, **more), at("2026-05-10")))
    assert ContractTerm.objects.get().mrr == Decimal(mrr)


@pytest.mark.parametrize(("code", "minor", "amount"), [("jpy", 500, "500"), ("kwd", 5120, "5.12"), ("isk", 500, "5")])
def test_minor_units(known: Account, ada: User, code: str, minor: int, amount: str) -> None:
    add_rates([NewRate(code.upper(), NOON.date(), Decimal("0.5"))], ada, NOON)
    deliver(
        event(
            "invoice.paid",
            paid(currency=code, amount_due=minor, amount_paid=minor, subscription=None),
            at("2026-05-12"),
        )
    )
    assert Payment.objects.get().amount == Decimal(amount)


def test_a_currency_without_a_rate_is_parked_with_the_remedy_and_read_again(known: Account, ada: User) -> None:
    said = event("customer.subscription.created", subscription(currency="chf"), at("2026-05-10"))
    inbox.store("stripe", "stripe.event", "event:1", json.dumps(said).encode(), {}, NOON)
    for hours in range(6):
        inbox.work(NOON + timedelta(hours=hours))
    payload = InboundPayload.objects.get()
    assert payload.state == "failed"
    assert "CHF has no rate to EUR" in payload.error
    assert "Settings, Currencies" in payload.error
    assert not BillingObject.objects.exists()

    add_rates([NewRate("CHF", NOON.date(), Decimal("1.1"))], ada, NOON)
    inbox.replay(payload.pk, ada, NOON)
    inbox.work(NOON)
    assert ContractTerm.objects.get().rate == Decimal("1.1")


def test_a_discount_that_is_said_beside_the_list_of_ids_is_said() -> None:
    half = {"id": "di_1", **_HALF}
    assert said_of(subscription(discount=half, discounts=["di_1"]), NOON)["notes"] == []
    assert said_of(subscription(discount=half, discounts=["di_1", "di_2"]), NOON)["notes"] == [UNSAID]


def test_a_discount_that_ends_within_the_period_is_known_beforehand(known: Account) -> None:
    less = {"coupon": {"percent_off": 50, "duration": "repeating"}, "end": at("2026-05-25")}
    deliver(event("customer.subscription.created", subscription(discount=less), at("2026-05-10")))
    assert [(str(term), term.mrr) for term in ContractTerm.objects.order_by("starts_on")] == [
        ("2026-05-10 to 2026-05-25", Decimal("15.00")), ("2026-05-25 to 2026-06-10", Decimal("30.00")),
    ]  # fmt: skip


def test_a_trial_counts_from_its_end_and_a_pause_counts_on(known: Account) -> None:
    trial = subscription(status="trialing", trial_end=at("2026-05-24"), current_period_end=at("2026-05-24"))
    deliver(event("customer.subscription.created", trial, at("2026-05-10")))
    assert (Contract.objects.get().status, Contract.objects.get().paid_from) == ("trial", None)

    runs = subscription(trial_end=at("2026-05-24"), current_period_start=at("2026-05-24"),
                        current_period_end=at("2026-06-24"), pause_collection={"behavior": "void"})  # fmt: skip
    deliver(event("customer.subscription.updated", runs, at("2026-05-24")))
    contract = Contract.objects.get()
    assert (contract.status, str(contract.paid_from)) == ("paused", "2026-05-24")
    known.refresh_from_db()
    assert (known.lifecycle, str(known.customer_since)) == ("paused", "2026-05-24")


# Refunds and cards ----------------------------------------------------------------------------------------------------


def test_a_charge_says_altogether_what_refunds_say_one_by_one(known: Account) -> None:
    charge = {"id": "ch_1", "object": "charge", "amount_refunded": 3000, "currency": "eur", "customer": "cus_1"}
    one = {"id": "re_1", "amount": 1000, "currency": "eur", "charge": "ch_1", "status": "succeeded"}
    deliver(MADE, event("charge.refunded", charge, at("2026-05-13")), event("invoice.paid", paid(), at("2026-05-12")))
    assert [(row.external_id, row.amount) for row in Refund.objects.all()] == [("ch_1:rest", Decimal("30.00"))]

    deliver(event("refund.created", one, at("2026-05-13")))
    assert dict(Refund.objects.values_list("external_id", "amount")) == {"ch_1:rest": Decimal(20), "re_1": Decimal(10)}
    assert Payment.objects.get().status == "refunded"


def test_a_refund_that_fails_is_taken_back(known: Account) -> None:
    one = {"id": "re_1", "amount": 1000, "currency": "eur", "charge": "ch_1", "status": "succeeded"}
    deliver(MADE, event("invoice.paid", paid(), at("2026-05-12")), event("refund.created", one, at("2026-05-13")))
    assert Payment.objects.get().refunded == 10
    deliver(event("refund.failed", one | {"status": "failed"}, at("2026-05-14")))
    assert (Payment.objects.get().refunded, Payment.objects.get().status, Refund.objects.count()) == (0, "paid", 0)


def test_more_back_than_was_paid_waits_and_says_why(known: Account) -> None:
    one = {"id": "re_1", "amount": 3001, "currency": "eur", "charge": "ch_1", "status": "succeeded"}
    deliver(MADE, event("invoice.paid", paid(), at("2026-05-12")), event("refund.created", one, at("2026-05-13")))
    row = BillingObject.objects.get(kind="refund")
    assert row.stale
    assert row.waits.startswith("At most €\u202f30 can go back")
    assert Payment.objects.get().refunded == 0


def test_a_card_is_known_with_its_end_and_which_is_charged(known: Account) -> None:
    card = {"id": "pm_1", "object": "payment_method", "type": "card", "customer": "cus_1",
            "card": {"brand": "visa", "last4": "4242", "exp_year": 2026, "exp_month": 12}}  # fmt: skip
    primary = {"id": "cus_1", "object": "customer", "invoice_settings": {"default_payment_method": "pm_1"}}
    deliver(
        event("customer.updated", primary, at("2026-05-12")), event("payment_method.attached", card, at("2026-05-11"))
    )
    method = PaymentMethod.objects.get()
    assert (str(method), str(method.expires_on), method.is_default) == ("Visa ending in 4242", "2027-01-01", True)
    assert TimelineEntry.objects.filter(kind="payment_method.added").count() == 1

    deliver(event("payment_method.detached", card | {"customer": None}, at("2026-05-13"), customer="cus_1"))
    method.refresh_from_db()
    assert method.removed_at is not None
    assert not method.is_default


def test_each_failure_is_told_and_the_last_reason_stays(known: Account) -> None:
    why = {"id": "pi_1", "last_payment_error": {
        "message": "Your card was declined.", "code": "card_declined", "decline_code": "lost_card",
    }}  # fmt: skip
    deliver(
        MADE, event("invoice.payment_failed", invoice(attempt_count=1, payment_intent=why), at("2026-05-31", 10)),
        event("invoice.payment_failed", invoice(attempt_count=2), at("2026-05-31", 11)),
    )  # fmt: skip
    payment = Payment.objects.get()
    assert (payment.attempts, payment.failure_reason) == (2, "Your card was declined.")
    assert TimelineEntry.objects.filter(kind="payment.failed").count() == 2
    told = BillingObject.objects.get(kind="payment").state
    assert (told["failure_reason"], told["failure_code"]) == ("Your card was declined.", "lost_card")
