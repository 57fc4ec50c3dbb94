"""Contracts that somebody ended and wants again, payments that come again, and customers who part again."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm.accounts.models import Account
from crm.duplicates.merging.joining import merge
from crm.history.actions import undo
from crm.ledger import actions
from crm.ledger.actions import changing, leaving, payments
from crm.ledger.actions.payments import PaymentError
from crm.ledger.actions.renewals import book_renewals
from crm.ledger.models import CancelReason, Contract, CustomerSpan, Payment
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 1)
LEFT = NOON.replace(month=1, day=15)


@pytest.fixture
def price(db: None) -> leaving.Asked:
    return leaving.Asked(CancelReason.objects.get_or_create(name="Too expensive")[0])


def _contract(starts_on: date, ends_on: date, **more: Any) -> Contract:
    row = factories.contract(factories.account("Kelp"), starts_on, ends_on, mrr=100, **more)
    actions.project([row.account_id], LEFT)
    return row


def _terms(row: Contract) -> list[tuple[Any, ...]]:
    return list(row.terms.order_by("starts_on").values_list("starts_on", "ends_on", "mrr"))


def _spans(row: Contract) -> list[tuple[Any, ...]]:
    rows = CustomerSpan.objects.filter(account=row.account_id).order_by("starts_on")
    return list(rows.values_list("starts_on", "ends_on"))


def _renew() -> None:
    while book_renewals(NOON + timedelta(minutes=11)):
        pass


def test_who_comes_back_after_the_last_term_was_over_leaves_a_gap_all_the_same(price: Any, mira: Any) -> None:
    row = _contract(date(2026, 1, 1), date(2026, 2, 1), auto_renew=True)
    leaving.cancel(row, price, LEFT.date(), mira, LEFT)
    done = leaving.reinstate(row, mira, NOON)
    _renew()
    assert _spans(row) == [(date(2026, 1, 1), LEFT.date()), (TODAY, date(2026, 7, 1))]
    assert _terms(row)[1] == (TODAY, date(2026, 7, 1), 100)
    undo(done, mira, NOON)
    assert (_terms(row), _spans(row)) == (
        [(date(2026, 1, 1), date(2026, 2, 1), 100)], [(date(2026, 1, 1), LEFT.date())],
    )  # fmt: skip


def test_what_does_not_renew_gets_no_term_by_coming_back(price: Any, mira: Any) -> None:
    row = _contract(date(2026, 1, 1), date(2026, 2, 1))
    leaving.cancel(row, price, LEFT.date(), mira, LEFT)
    leaving.reinstate(row, mira, NOON)
    _renew()
    assert _spans(row) == [(date(2026, 1, 1), LEFT.date())]


def test_a_notice_that_is_withdrawn_after_another_price_gives_the_whole_term_back(price: Any, mira: Any) -> None:
    row = _contract(date(2026, 1, 1), date(2027, 1, 1), auto_renew=True)
    leaving.cancel(row, price, date(2026, 9, 1), mira, NOON)
    changing.change(row, changing.NewTerms(Decimal(150), date(2026, 7, 1)), mira, NOON)
    leaving.reinstate(row, mira, NOON)
    assert _terms(row) == [
        (date(2026, 1, 1), date(2026, 7, 1), 100), (date(2026, 7, 1), date(2027, 1, 1), 150),
    ]  # fmt: skip


def _paid(account: Account, amount: int) -> Payment:
    told = {"account": account, "amount": Decimal(amount), "currency": "EUR", "status": "paid", "due_at": NOON}
    return payments.save(Payment(created_at=NOON), {**told, "paid_at": NOON}, NOON)


def test_one_that_was_partly_refunded_and_failed_can_be_paid_again() -> None:
    row = _paid(factories.account("Kelp"), 100)
    payments.refund(row, Decimal(40), NOON, None, NOON)
    payments.save(row, {"status": "failed"}, NOON)
    payments.save(row, {"status": "paid"}, NOON)
    assert (row.status, Account.objects.get().lifetime_spend) == ("partly_refunded", 60)
    with pytest.raises(PaymentError, match="by a refund"):
        payments.save(row, {"status": "refunded"}, NOON)


@pytest.mark.parametrize("keeper_paid", [0, 70])
def test_a_merge_that_is_undone_gives_each_the_spend_that_was_entered(keeper_paid: int, ada: Any) -> None:
    keeper, loser = (factories.account(name, lifetime_spend=spend) for name, spend in (("Kelp", 500), ("Kelpie", 300)))
    if keeper_paid:
        _paid(keeper, keeper_paid)
    payment = _paid(loser, 100)
    done = merge("account", keeper.pk, loser.pk, {}, ada, NOON)
    keeper.refresh_from_db()
    assert keeper.lifetime_spend == 100 + keeper_paid
    undo(done.act, ada, NOON)
    assert _spend(keeper, loser) == [keeper_paid or 500, 100]
    payments.save(Payment.objects.get(pk=payment.pk), {"status": "void"}, NOON)
    assert _spend(keeper, loser) == [keeper_paid or 500, 300]


@pytest.mark.parametrize(("keeper_paid", "entered"), [(0, (500, 300)), (70, (500, 300)), (0, (0, 0))])
def test_when_the_last_fact_of_two_that_were_merged_goes_what_was_entered_of_both_stands(
    keeper_paid: int, entered: tuple[int, int], ada: Any
) -> None:
    keeper, loser = (factories.account(name, lifetime_spend=spend) for name, spend in zip("KL", entered, strict=True))
    rows = [_paid(one, paid) for one, paid in ((keeper, keeper_paid), (loser, 100)) if paid]
    merge("account", keeper.pk, loser.pk, {}, ada, NOON)
    for row in rows:
        payments.save(Payment.objects.get(pk=row.pk), {"status": "void"}, NOON)
    assert _spend(keeper) == [sum(entered)]


def _spend(*accounts: Account) -> list[Decimal]:
    found = Account.objects.in_bulk([one.pk for one in accounts])
    return [found[one.pk].lifetime_spend for one in accounts]


def test_a_discount_that_is_sent_twice_is_given_once(price: Any, mira: Any) -> None:
    row = _contract(date(2026, 1, 1), date(2027, 1, 1))
    less = leaving.Discount(20, 3)
    done = leaving.save_by_discount(row, price, less, mira, NOON)
    with pytest.raises(changing.ChangeError, match="today already"):
        leaving.save_by_discount(row, price, less, mira, NOON)
    assert [mrr for *_, mrr in _terms(row)] == [100, 80, 100]
    undo(done, mira, NOON)
    leaving.save_by_discount(row, price, leaving.Discount(10, 3), mira, NOON)
    assert [mrr for *_, mrr in _terms(row)] == [100, 90, 100]
