"""What people enter about money: what it makes of the figures, what an undo leaves, and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from crm.billing.models import BillingObject
from crm.history.actions import UndoError, undo
from crm.history.models import Act
from crm.ledger.actions import by_hand, changing, payments
from crm.ledger.actions.deals import Booking, book
from crm.ledger.actions.payments import PaymentError
from crm.ledger.models import Contract, CustomerSpan, Payment, Purchase, Refund
from crm.timeline.models import Pending, TimelineEntry
from tests import factories
from tests.conftest import NOON

TODAY, DAY = date(2026, 6, 1), timedelta(days=1)
HUNDRED = Decimal(100)


@pytest.fixture
def kelp(db):
    return factories.account("Kelp")


def booking(**other: Any) -> Booking:
    return Booking(**{"plan": "Pro", "mrr": Decimal(400), "currency": "EUR", "starts_on": TODAY, **other})


def paid(account, mira, *, key="k", **other):
    new = by_hand.NewPayment(**{"amount": HUNDRED, "currency": "EUR", "day": TODAY, "is_paid": True, **other})
    return by_hand.pay(account, new, key, mira, NOON)


def spans(account):
    return list(CustomerSpan.objects.filter(account=account).values_list("starts_on", "ends_on", "mrr"))


def spent(account):
    account.refresh_from_db()
    return account.lifetime_spend


def kinds(account):
    return list(TimelineEntry.objects.filter(account=account).order_by("id").values_list("kind", flat=True))


# Contracts ------------------------------------------------------------------------------------------------------------


def test_a_contract_counts_from_its_first_day_and_goes_again(kelp, mira):
    done = by_hand.begin(kelp, booking(months=12, auto_renew=True), "paid", "k", mira, NOON)
    assert spans(kelp) == [(TODAY, date(2027, 6, 1), 400)]
    told = TimelineEntry.objects.get(account=kelp)
    assert (told.kind, told.actor, Pending.objects.filter(entry=told).exists()) == ("contract.started", mira, True)
    back = undo(done, mira, NOON)
    assert (back.kept, spans(kelp), kinds(kelp), Contract.objects.count()) == ([], [], [], 0)
    with pytest.raises(UndoError, match="do it again"):
        undo(Act.objects.get(undoes=done), mira, NOON)


def test_a_trial_brings_nothing_yet(kelp, mira):
    by_hand.begin(kelp, booking(), "trial", "k", mira, NOON)
    assert (spans(kelp), kinds(kelp), Contract.objects.get().status) == ([], [], "trial")


def test_the_same_form_enters_once_and_again_after_its_undo(kelp, mira, ada):
    done = by_hand.begin(kelp, booking(), "paid", "k", mira, NOON)
    assert by_hand.begin(kelp, booking(), "paid", "k", mira, NOON + by_hand.SAME_FORM - DAY / 24) == done
    by_hand.begin(kelp, booking(), "paid", "other", mira, NOON)
    by_hand.begin(kelp, booking(), "paid", "k", ada, NOON)
    assert Contract.objects.count() == 3
    undo(done, mira, NOON)
    assert by_hand.begin(kelp, booking(), "paid", "k", mira, NOON) != done


def test_what_was_sold_is_confirmed_instead(kelp, mira):
    book(kelp.pk, booking(plan="PRO"), NOON)
    with pytest.raises(changing.ChangeError, match="sold already") as refused:
        by_hand.begin(kelp, booking(), "paid", "k", mira, NOON)
    assert (refused.value.field, Contract.objects.count(), Act.objects.count()) == ("plan", 1, 0)
    by_hand.begin(kelp, booking(plan="Another"), "paid", "k", mira, NOON)
    by_hand.begin(kelp, booking(), "trial", "k2", mira, NOON)


def test_a_contract_without_a_rate_is_refused_whole(kelp, mira):
    with pytest.raises(changing.ChangeError, match="no rate") as refused:
        by_hand.begin(kelp, booking(currency="XAU"), "paid", "k", mira, NOON)
    assert (refused.value.field, Contract.objects.count(), Act.objects.count()) == ("currency", 0, 0)


@pytest.mark.parametrize("later", ["changed", "paid for"])
def test_a_contract_that_was_worked_with_stays(kelp, mira, later):
    done = by_hand.begin(kelp, booking(), "paid", "k", mira, NOON)
    contract = Contract.objects.get()
    if later == "changed":
        changing.change(contract, changing.NewTerms(Decimal(500), TODAY), mira, NOON)
    else:
        paid(kelp, mira, contract=contract)
    back = undo(done, mira, NOON)
    assert [one.because for one in back.kept] == ["somebody has worked with it since"]
    assert Contract.objects.exists()


# Payments -------------------------------------------------------------------------------------------------------------


def test_a_payment_is_spent_and_told_and_goes_again(kelp, mira):
    done = paid(kelp, mira)
    entry = TimelineEntry.objects.get(account=kelp)
    assert (spent(kelp), entry.kind, entry.actor, entry.occurred_at) == (100, "payment.paid", mira, NOON)
    assert Pending.objects.filter(entry=entry).exists()
    assert (undo(done, mira, NOON).kept, spent(kelp), kinds(kelp), Payment.objects.count()) == ([], 0, [], 0)


@pytest.mark.parametrize(("days", "news"), [(2, True), (3, False), (4, False)])
def test_workflows_do_not_begin_with_history(kelp, mira, days, news):
    paid(kelp, mira, day=TODAY - days * DAY)
    assert Pending.objects.exists() == news
    assert Payment.objects.get().paid_at.date() == (TODAY - days * DAY if days else TODAY)


def test_what_is_due_comes_in_later(kelp, mira):
    paid(kelp, mira, is_paid=False, day=TODAY + 9 * DAY)
    row = Payment.objects.get()
    assert (row.status, row.paid_at, spent(kelp), kinds(kelp)) == ("open", None, 0, [])
    done = by_hand.settle(row, TODAY, "s", mira, NOON)
    row.refresh_from_db()
    assert (row.status, row.paid_at, spent(kelp), kinds(kelp)) == ("paid", NOON, 100, ["payment.paid"])
    with pytest.raises(PaymentError, match="paid already"):
        by_hand.settle(row, TODAY, "s2", mira, NOON)
    undo(done, mira, NOON)
    row.refresh_from_db()
    assert (row.status, row.paid_at, spent(kelp), kinds(kelp)) == ("open", None, 0, [])


def test_days_to_come_are_refused(kelp, mira):
    tomorrow = TODAY + DAY
    with pytest.raises(PaymentError, match="not come yet"):
        paid(kelp, mira, day=tomorrow)
    paid(kelp, mira)
    row = Payment.objects.get()
    with pytest.raises(PaymentError, match="not come yet"):
        by_hand.give_back(row, HUNDRED, tomorrow, "r", mira, NOON)
    with pytest.raises(PaymentError, match="not before"):
        by_hand.give_back(row, HUNDRED, TODAY - DAY, "r", mira, NOON)
    with pytest.raises(PaymentError, match="not come yet"):
        by_hand.buy(kelp, by_hand.NewPurchase(tomorrow, "EUR", [{"product": "x", "amount": HUNDRED}]), "p", mira, NOON)
    assert not Refund.objects.exists()
    assert not Purchase.objects.exists()


def test_refunds_come_and_go_beside_each_other(kelp, mira):
    paid(kelp, mira)
    row = Payment.objects.get()
    first = by_hand.give_back(row, Decimal(30), TODAY, "r1", mira, NOON)
    second = by_hand.give_back(row, Decimal(20), TODAY, "r2", mira, NOON)
    with pytest.raises(PaymentError, match="At most"):
        by_hand.give_back(row, Decimal("50.01"), TODAY, "r3", mira, NOON)

    def stands():
        row.refresh_from_db()
        return row.refunded, row.status, sum(row.refunds.values_list("amount", flat=True)), spent(kelp)

    assert stands() == (50, "partly_refunded", 50, 50)
    undo(first, mira, NOON)
    assert stands() == (20, "partly_refunded", 20, 80)
    undo(second, mira, NOON)
    assert stands() == (0, "paid", 0, 100)
    assert kinds(kelp) == ["payment.paid"]


def test_a_payment_of_which_something_went_back_stays(kelp, mira):
    done = paid(kelp, mira)
    by_hand.give_back(Payment.objects.get(), Decimal(30), TODAY, "r1", mira, NOON)
    assert undo(done, mira, NOON).kept
    assert spent(kelp) == 70


def test_what_billing_reports_is_noted_there(kelp, mira):
    row = payments.save(Payment(account=kelp), {
        "amount": HUNDRED, "currency": "EUR", "due_at": NOON, "paid_at": NOON, "status": "paid", "external_id": "in_1",
    }, NOON)  # fmt: skip
    BillingObject.objects.create(source="stripe", kind="payment", external_id="in_1", told_at=NOON)
    with pytest.raises(PaymentError, match="Stripe tells by itself"):
        by_hand.give_back(row, HUNDRED, TODAY, "r", mira, NOON)
    assert not Refund.objects.exists()
    BillingObject.objects.update(kind="contract")
    by_hand.give_back(row, HUNDRED, TODAY, "r", mira, NOON)


# Purchases ------------------------------------------------------------------------------------------------------------


def test_a_purchase_is_spent_and_told_and_goes_again(kelp, mira):
    anna = factories.contact(kelp)
    items = [{"product": "Lamp", "quantity": 2, "amount": Decimal(60)}, {"product": "Bulb", "amount": Decimal(5)}]
    done = by_hand.buy(kelp, by_hand.NewPurchase(TODAY, "EUR", items, anna.pk), "k", mira, NOON)
    entry = TimelineEntry.objects.get(account=kelp)
    assert (spent(kelp), entry.kind, entry.actor, entry.contact) == (65, "purchase.made", mira, anna)
    assert list(Purchase.objects.get().items.values_list("product", "quantity", "amount")) == [
        ("Lamp", 2, 60), ("Bulb", 1, 5),
    ]  # fmt: skip
    assert (undo(done, mira, NOON).kept, spent(kelp), kinds(kelp), Purchase.objects.count()) == ([], 0, [], 0)


# Beside each other ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_one_form_that_is_sent_twice_at_once_enters_once(mira):
    account = factories.account("Kelp")

    def send(_: int) -> int:
        try:
            return paid(account, mira).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(send, range(4)))) == 1
    assert Payment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_refunds_at_once_never_give_back_more_than_was_paid(mira):
    account = factories.account("Kelp")
    paid(account, mira)
    row = Payment.objects.get()

    def send(number: int) -> bool:
        try:
            by_hand.give_back(row, Decimal(60), TODAY, f"r{number}", mira, NOON)
            return True
        except PaymentError:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(send, range(4))) == 1
    assert list(Payment.objects.values_list("refunded", "status")) == [(60, "partly_refunded")]
