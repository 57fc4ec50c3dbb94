"""What people entered about money and take back, in any order, and what history they enter."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection

from crm.duplicates import merging
from crm.history.actions import UndoError, undo
from crm.history.models import Act
from crm.ledger.actions import by_hand, changing, payments
from crm.ledger.actions.deals import Booking
from crm.ledger.actions.payments import PaymentError
from crm.ledger.actions.renewals import MOST_MISSED
from crm.ledger.models import Contract, CustomerSpan, MrrMovement, Payment, PurchaseItem, Refund
from crm.timeline.models import Pending, TimelineEntry
from tests import factories
from tests.conftest import NOON

TODAY, DAY = date(2026, 6, 1), timedelta(days=1)
HUNDRED = Decimal(100)


@pytest.fixture
def kelp(db):
    return factories.account("Kelp")


def begun(account, mira, key="k", **other: Any) -> Act:
    new = Booking(**{"plan": "Pro", "mrr": Decimal(400), "currency": "EUR", "starts_on": TODAY, **other})
    return by_hand.begin(account, new, "paid", key, mira, NOON)


def paid(account, mira, key="k", **other) -> tuple[Act, Payment]:
    new = by_hand.NewPayment(**{"amount": HUNDRED, "currency": "EUR", "day": TODAY, "is_paid": True, **other})
    done = by_hand.pay(account, new, key, mira, NOON)
    return done, Payment.objects.get(pk=done.detail["payment"])


def back(row, mira, amount, *, day=TODAY) -> Act:
    return by_hand.give_back(row, Decimal(amount), day, f"{amount}", mira, NOON)


def spans(account):
    return list(CustomerSpan.objects.filter(account=account).values_list("starts_on", "ends_on", "mrr"))


def kinds(account):
    return list(TimelineEntry.objects.filter(account=account).order_by("id").values_list("kind", flat=True))


# In any order ---------------------------------------------------------------------------------------------------------


def test_what_came_of_it_taken_back_first_it_goes_too(kelp, mira):
    done, row = paid(kelp, mira, is_paid=False)
    undo(by_hand.settle(row, TODAY, "s", mira, NOON), mira, NOON)
    again = by_hand.settle(row, TODAY, "s2", mira, NOON)
    undo(back(row, mira, 30), mira, NOON)
    undo(again, mira, NOON)
    assert (undo(done, mira, NOON).kept, Payment.objects.count(), kinds(kelp)) == ([], 0, [])


def test_what_came_of_it_done_again_it_stays(kelp, mira):
    done, row = paid(kelp, mira, is_paid=False)
    settled = by_hand.settle(row, TODAY, "s", mira, NOON)
    undo(settled, mira, NOON)
    undo(Act.objects.get(undoes=settled), mira, NOON)
    assert [one.because for one in undo(done, mira, NOON).kept] == ["somebody has worked with it since"]
    assert Payment.objects.get().status == "paid"


def test_a_change_outside_of_any_act_keeps_it(kelp, mira):
    done, row = paid(kelp, mira)
    payments.save(row, {"amount": Decimal(90)}, NOON)
    assert undo(done, mira, NOON).kept


def test_a_contract_goes_once_its_change_was_taken_back(kelp, mira):
    done = begun(kelp, mira)
    for day in (TODAY, TODAY + 9 * DAY):
        changed = changing.change(Contract.objects.get(), changing.NewTerms(Decimal(500), day), mira, NOON)
        undo(changed, mira, NOON)
    assert (undo(done, mira, NOON).kept, Contract.objects.count(), spans(kelp)) == ([], 0, [])


@pytest.mark.parametrize("first", ["older", "newer"])
@pytest.mark.parametrize(("one", "other"), [(30, 20), (30, 70)])
def test_refunds_are_taken_back_in_any_order_and_nothing_is_said_to_stay(kelp, mira, first, one, other):
    _, row = paid(kelp, mira)
    deeds = [(back(row, mira, one), other), (back(row, mira, other), 0)]
    if first == "newer":
        deeds = [(deeds[1][0], one), (deeds[0][0], 0)]
    for deed, left in deeds:
        assert undo(deed, mira, NOON).kept == []
        row.refresh_from_db()
        kelp.refresh_from_db()
        state = "partly_refunded" if left else "paid"
        assert (row.refunded, row.status, kelp.lifetime_spend) == (left, state, 100 - left)


def test_what_came_in_stays_while_something_of_it_went_back(kelp, mira):
    _, row = paid(kelp, mira, is_paid=False)
    settled = by_hand.settle(row, TODAY, "s", mira, NOON)
    refunded = back(row, mira, 30)
    with pytest.raises(UndoError, match="Take that back first"):
        undo(settled, mira, NOON)
    assert kinds(kelp) == ["payment.paid", "payment.refunded"]
    undo(refunded, mira, NOON)
    undo(settled, mira, NOON)
    row.refresh_from_db()
    assert (row.status, row.paid_at, kinds(kelp)) == ("open", None, [])


def test_what_failed_since_has_not_come_in_by_the_undo_of_a_refund(kelp, mira):
    _, row = paid(kelp, mira)
    refunded = back(row, mira, 30)
    row.refresh_from_db()
    payments.save(row, {"status": "failed"}, NOON)
    assert [one.field for one in undo(refunded, mira, NOON).kept] == ["status"]
    row.refresh_from_db()
    assert (row.status, row.refunded) == ("failed", 0)


def test_a_purchase_whose_lines_were_corrected_stays(kelp, mira):
    new = by_hand.NewPurchase(TODAY, "EUR", [{"product": "Lamp", "amount": HUNDRED}])
    done = by_hand.buy(kelp, new, "k", mira, NOON)
    PurchaseItem.objects.update(amount=90)
    assert undo(done, mira, NOON).kept
    assert PurchaseItem.objects.exists()


def test_a_payment_that_is_taken_back_beside_is_refused_in_words(kelp, mira):
    done, row = paid(kelp, mira)
    undo(done, mira, NOON)
    with pytest.raises(PaymentError, match="taken this payment back"):
        back(row, mira, 30)


def test_what_was_entered_goes_from_the_customer_that_stayed(kelp, mira, ada):
    done, row = paid(kelp, mira)
    deeds = [back(row, mira, 30), done, begun(kelp, mira)]
    other = factories.account("Other")
    merging.merge("account", other.pk, kelp.pk, {}, ada, NOON)
    assert [undo(deed, mira, NOON).kept for deed in deeds] == [[], [], []]
    assert (spans(other), kinds(other), Payment.objects.count()) == ([], ["account.merged"], 0)


def test_what_is_done_again_is_told_of_the_customer_that_stayed(kelp, mira, ada):
    _, row = paid(kelp, mira, is_paid=False)
    settled = by_hand.settle(row, TODAY, "s", mira, NOON)
    undo(settled, mira, NOON)
    other = factories.account("Other")
    merging.merge("account", other.pk, kelp.pk, {}, ada, NOON)
    undo(Act.objects.get(undoes=settled), mira, NOON)
    row.refresh_from_db()
    assert (row.status, row.account, kinds(other)) == ("paid", other, ["account.merged", "payment.paid"])


def test_a_contract_that_is_taken_back_beside_is_refused_in_words(kelp, mira):
    done = begun(kelp, mira)
    contract = Contract.objects.get()
    undo(done, mira, NOON)
    with pytest.raises(PaymentError, match="taken this contract back"):
        paid(kelp, mira, contract=contract)
    assert not Payment.objects.exists()


# History --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "news"), [(2, True), (3, False)])
def test_workflows_do_not_begin_with_a_refund_of_long_ago(kelp, mira, days, news):
    _, row = paid(kelp, mira, day=TODAY - 9 * DAY)
    back(row, mira, 30, day=TODAY - days * DAY)
    assert Pending.objects.exists() == news


def test_what_went_back_on_the_day_on_which_it_was_paid_did_so_behind_it(kelp, mira):
    at = NOON - DAY + timedelta(hours=3)
    row = payments.save(
        Payment(account=kelp),
        {"amount": HUNDRED, "currency": "EUR", "due_at": at, "paid_at": at, "status": "paid"},
        NOON,
    )
    back(row, mira, 30, day=TODAY - DAY)
    assert Refund.objects.get().refunded_at == at
    with pytest.raises(PaymentError, match="not before"):
        back(row, mira, 20, day=TODAY - 2 * DAY)


def test_a_contract_of_long_ago_has_renewed_since_and_goes_whole(kelp, mira):
    done = begun(kelp, mira, starts_on=date(2023, 8, 15), months=12, auto_renew=True)
    kelp.refresh_from_db()
    assert (spans(kelp), kelp.lifecycle, kelp.renews_on) == (
        [(date(2023, 8, 15), date(2026, 8, 15), 400)], "customer", date(2026, 8, 15),
    )  # fmt: skip
    assert list(MrrMovement.objects.values_list("day", "kind", "amount")) == [(date(2023, 8, 15), "new", 400)]
    assert kinds(kelp) == ["contract.started", "contract.renewed", "contract.renewed"]
    assert not Pending.objects.exists()
    assert (undo(done, mira, NOON).kept, kinds(kelp), spans(kelp)) == ([], [], [])


def test_a_contract_renews_no_more_often_than_a_file_may_say(kelp, mira):
    with pytest.raises(changing.ChangeError, match="more than 120 times") as refused:
        begun(kelp, mira, starts_on=date(2016, 5, 2), months=1, auto_renew=True)
    assert (refused.value.field, Contract.objects.count()) == ("day", 0)
    begun(kelp, mira, starts_on=date(2016, 5, 3), months=1, auto_renew=True)
    assert Contract.objects.get().terms.count() == MOST_MISSED + 1


# Beside each other ----------------------------------------------------------------------------------------------------


def _beside(*verbs: Callable[[], object]) -> list[object]:
    """What came of each, all of them at once; a refusal is what came of one."""

    def one(verb: Callable[[], object]) -> object:
        try:
            return verb()
        except (PaymentError, UndoError) as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(verbs)) as threads:
        return list(threads.map(one, verbs))


@pytest.mark.django_db(transaction=True)
def test_a_payment_is_taken_back_or_refunded_never_both(mira):
    account = factories.account("Kelp")
    for turn in range(6):
        done, row = paid(account, mira, key=f"k{turn}")
        undoing, refunding = partial(undo, done, mira, NOON), partial(back, row, mira, turn + 1)
        answers = _beside(undoing, refunding) if turn % 2 else reversed(_beside(refunding, undoing))
        undone, refunded = answers
        assert bool(undone.kept) != isinstance(refunded, PaymentError)
        assert Payment.objects.filter(pk=row.pk).exists() == bool(undone.kept)
        assert Refund.objects.filter(payment=row.pk).exists() == bool(undone.kept)
        Payment.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_a_refund_goes_while_another_comes(mira):
    account = factories.account("Kelp")
    _, row = paid(account, mira)
    last = back(row, mira, 1)
    for amount in range(2, 8):
        undone, last = _beside(partial(undo, last, mira, NOON), partial(back, row, mira, amount))
        assert undone.kept == []
        row.refresh_from_db()
        assert (row.refunded, row.status) == (amount, "partly_refunded")
        assert list(row.refunds.values_list("amount", flat=True)) == [amount]


@pytest.mark.django_db(transaction=True)
def test_a_contract_is_taken_back_or_paid_for_never_both(mira):
    account = factories.account("Kelp")
    for turn in range(6):
        done = begun(account, mira, key=f"k{turn}")
        contract = Contract.objects.get()
        undone, other = _beside(
            partial(undo, done, mira, NOON), partial(paid, account, mira, contract=contract, key=f"p{turn}")
        )
        assert bool(undone.kept) != isinstance(other, PaymentError)
        assert Payment.objects.exists() == Contract.objects.exists() == bool(undone.kept)
        Payment.objects.all().delete()
        Contract.objects.all().delete()
