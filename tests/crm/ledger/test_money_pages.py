"""Where payments and purchases stand, and the dialogs in which somebody enters them: as a browser without scripts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from crm.billing.models import BillingCustomer, BillingObject
from crm.ledger.models import Contract, CurrencyRate, CustomerSpan, Payment, Purchase, Refund
from crm.ledger.money import reading
from tests import factories
from tests.conftest import NOON

DAY = timedelta(days=1)


@pytest.fixture
def kelp(db):
    return factories.account("Kelp")


@pytest.fixture
def visitor(mira):
    client = Client()
    client.force_login(mira)
    return client


def payment(account, **other):
    values = {"amount": 100, "currency": "EUR", "due_at": NOON, "paid_at": NOON, "status": "paid"}
    return Payment.objects.create(account=account, **(values | other))


def filled(visitor, url, **said):
    """The form as it came, with this filled in, sent."""
    page = visitor.get(url).content.decode()
    form = page[page.index("<form", page.index('class="form"') - 30) :]
    given = dict(re.findall(r'<input type="(?:hidden|text|number|date)" name="([^"]+)" value="([^"]*)"', form))
    return visitor.post(url, given | said)


def said(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_payments_page_by_page_with_what_may_be_entered(visitor, kelp):
    payment(kelp, status="open", paid_at=None, external_id="due-1")
    payment(kelp, external_id="in_1")
    BillingObject.objects.create(source="stripe", kind="payment", external_id="in_1", told_at=NOON)
    for number in range(reading.SIZE):
        payment(kelp, due_at=NOON - DAY * (number + 1), paid_at=NOON - DAY * (number + 1), external_id=f"old-{number}")
    page = said(visitor.get(f"/accounts/{kelp.pk}/payments/"))
    assert ("Came in…" in page, "Stripe reports it" in page, "Refund…" in page) == (True, True, True)
    cursor = re.search(r'href="\?cursor=([^"]+)"', visitor.get(f"/accounts/{kelp.pk}/payments/").content.decode())
    rest = said(visitor.get(f"/accounts/{kelp.pk}/payments/?cursor={cursor[1]}"))
    for number in range(reading.SIZE):
        assert (f"old-{number} " in page) != (f"old-{number} " in rest)
    assert visitor.get(f"/accounts/{kelp.pk}/payments/?cursor=x").status_code == 400


def test_who_may_only_read_is_offered_nothing(sam, kelp):
    payment(kelp)
    client = Client()
    client.force_login(sam)
    page = said(client.get(f"/accounts/{kelp.pk}/payments/"))
    assert "Paid" in page
    assert "Refund…" not in page
    assert "New payment" not in page
    assert client.post(f"/accounts/{kelp.pk}/payments/new/").status_code == 403


def test_a_contract_is_shown_first_and_then_entered(visitor, kelp):
    url = f"/accounts/{kelp.pk}/contracts/new/"
    shown = filled(visitor, url, plan="Pro", mrr="400", status="paid", day="2026-06-01", months="12")
    assert (shown.status_code, Contract.objects.count()) == (200, 0)
    assert "MRR € 0 → € 400" in said(shown)
    given = dict(re.findall(r'<input type="(?:hidden|text|number|date)" name="([^"]+)" value="([^"]*)"',
                            shown.content.decode()))  # fmt: skip
    done = visitor.post(url, given | {"status": "paid"})
    assert (done.status_code, done.url) == (302, kelp.get_absolute_url())
    assert CustomerSpan.objects.get().mrr == 400
    assert "entered the contract Pro of Kelp" in said(visitor.get(done.url)).replace("Entered", "entered")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"mrr": "-1"}, "Write 0 or more."),
        ({"mrr": "NaN"}, "Write a number"),
        ({"currency": "XAU"}, "no rate"),
        ({"currency": "euro"}, "At most 3"),
        ({"day": "0001-01-01"}, "from 1 Jan 1970 on"),
        ({"day": "2026-02-30"}, "no day of the calendar"),
        ({"months": "121"}, "Write 120 or less."),
        ({"auto_renew": "on", "months": ""}, "Say for how long"),
        ({"plan": ""}, "Fill this in."),
        ({"plan": "Pro\0"}, "Null characters"),
        ({"key": "x"}, "has lost its number"),
    ],
)
def test_a_contract_that_cannot_be_says_why(visitor, kelp, wrong, why):
    right = {"plan": "Pro", "mrr": "400", "status": "paid", "day": "2026-06-01", "months": "12", "currency": "EUR"}
    answer = filled(visitor, f"/accounts/{kelp.pk}/contracts/new/", **(right | wrong))
    assert (answer.status_code, Contract.objects.count()) == (422, 0)
    assert why in said(answer)


def test_a_payment_is_entered_and_part_of_it_goes_back(visitor, kelp):
    paid = filled(visitor, f"/accounts/{kelp.pk}/payments/new/", amount="120,50", state="paid")
    assert (paid.status_code, Payment.objects.count()) == (422, 0)  # a point, as everywhere
    paid = filled(visitor, f"/accounts/{kelp.pk}/payments/new/", amount="120.50", state="paid")
    assert (paid.status_code, paid.url) == (302, f"/accounts/{kelp.pk}/payments/")
    row = Payment.objects.get()
    too_much = filled(visitor, f"/payments/{row.pk}/refunds/new/", amount="120.51")
    assert (too_much.status_code, "At most" in said(too_much)) == (422, True)
    assert filled(visitor, f"/payments/{row.pk}/refunds/new/", amount="20.50").status_code == 302
    assert "Partly refunded" in said(visitor.get(paid.url))
    assert filled(visitor, f"/payments/{row.pk}/refunds/new/").status_code == 302  # the rest stands there already
    assert [refund.amount for refund in Refund.objects.order_by("id")] == [20.5, 100]


def test_what_is_due_comes_in(visitor, kelp):
    filled(visitor, f"/accounts/{kelp.pk}/payments/new/", amount="80", state="due", day="2026-07-01")
    row = Payment.objects.get()
    assert (row.status, row.paid_at) == ("open", None)
    early = filled(visitor, f"/payments/{row.pk}/receipt/", day="2026-06-02")
    assert (early.status_code, "not come yet" in said(early)) == (422, True)
    assert filled(visitor, f"/payments/{row.pk}/receipt/").status_code == 302
    row.refresh_from_db()
    assert row.status == "paid"


def test_the_contract_and_the_buyer_are_this_customers(visitor, kelp):
    other = factories.account("Other")
    contract = factories.contract(other, NOON.date())
    url = f"/accounts/{kelp.pk}/payments/new/"
    answer = filled(visitor, url, amount="80", state="paid", contract=str(contract.pk))
    assert (answer.status_code, Payment.objects.count()) == (422, 0)
    person = factories.contact(other)
    url = f"/accounts/{kelp.pk}/purchases/new/"
    answer = filled(visitor, url, product_1="Lamp", amount_1="60", contact=str(person.pk))
    assert (answer.status_code, Purchase.objects.count()) == (422, 0)


def test_a_purchase_of_several_things(visitor, kelp):
    url = f"/accounts/{kelp.pk}/purchases/new/"
    lines = {"product_1": "Lamp", "quantity_1": "2", "amount_1": "60", "product_3": "Bulb", "amount_3": "0"}
    half = filled(visitor, url, **lines, amount_2="5")
    assert (half.status_code, "Say what it was." in said(half)) == (422, True)
    half = filled(visitor, url, **lines, quantity_2="5")
    assert (half.status_code, "Say for how much" in said(half)) == (422, True)
    done = filled(visitor, url, **lines)
    assert (done.status_code, done.url) == (302, f"/accounts/{kelp.pk}/purchases/")
    page = said(visitor.get(done.url))
    assert "2 × Lamp, 1 × Bulb" in page
    assert "€ 60" in page


@pytest.mark.parametrize("rate", ["1000", "9999999999"])
def test_what_no_column_can_hold_is_refused(visitor, kelp, rate):
    CurrencyRate.objects.create(code="USD", valid_from=NOON.date(), rate=rate)
    much = {"currency": "USD", "day": "2026-06-01"}
    for what, more in {
        "contracts": {"plan": "Pro", "mrr": "999999999999.99", "status": "paid"},
        "payments": {"amount": "999999999999.99", "state": "paid"},
        "purchases": {"product_1": "All", "amount_1": "999999999999.99"},
    }.items():
        answer = filled(visitor, f"/accounts/{kelp.pk}/{what}/new/", **much, **more)
        assert answer.status_code in (422, 302), what
        assert ("too large to be kept" in said(answer)) == (answer.status_code == 422), what
    assert not Contract.objects.exists()


def test_whom_billing_knows_is_said(visitor, kelp):
    url = f"/accounts/{kelp.pk}/payments/new/"
    assert "by itself" not in said(visitor.get(url))
    BillingCustomer.objects.create(source="stripe", external_id="cus_1", account=kelp)
    assert "Stripe reports this customer’s contracts and payments by itself." in said(visitor.get(url))
    assert "Stripe reports this" in said(visitor.get(f"/accounts/{kelp.pk}/contracts/new/"))


def test_a_form_that_is_gone_back_to_enters_what_it_says_now(visitor, kelp):
    url, key = f"/accounts/{kelp.pk}/payments/new/", "0b6d0c4e-5c0e-4f0c-9d6e-1f6f5b6f7a10"
    given = {"key": key, "amount": "100", "currency": "EUR", "state": "paid", "day": NOON.date().isoformat()}
    for said_then in (given, given, given | {"amount": "200"}, given):
        assert visitor.post(url, said_then).status_code == 302
    assert sorted(Payment.objects.values_list("amount", flat=True)) == [100, 200]


def test_contracts_of_the_same_plan_are_told_apart_where_one_is_chosen(visitor, kelp):
    for starts_on in ("2025-03-01", "2026-03-01"):
        factories.contract(kelp, plan="Pro", starts_on=starts_on)
    page = said(visitor.get(f"/accounts/{kelp.pk}/payments/new/"))
    assert ("Pro, from 1 Mar 2025" in page, "Pro, from 1 Mar 2026" in page) == (True, True)
