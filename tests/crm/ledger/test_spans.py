"""Facts in any order, edited, taken back and projected in any batches: spans and movements are as counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.duplicates.merging.joining import merge
from crm.history.actions import UndoError, undo
from crm.ledger import actions
from crm.ledger.actions import changing, leaving, standing
from crm.ledger.actions.renewals import book_renewals
from crm.ledger.models import CancelReason, Contract, ContractTerm, CustomerSpan, MrrMovement, Purchase
from tests import factories
from tests.beside import beside
from tests.conftest import NOON
from tests.crm.ledger import counting

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 1)
DAY = timedelta(days=1)
FIRST, LAST = date(2026, 3, 1), date(2026, 9, 30)
MRRS = (0, 10, Decimal("33.33"), 100)
RATES = (1, Decimal("0.905"), Decimal("1.33333333"))

days = st.integers(-70, 70)
op = st.tuples(st.sampled_from(("book", "book", "turn", "edit", "change", "cancel", "reinstate", "undo", "drop", "buy",
                                "days", "project")),
               st.integers(0, 3), days, st.integers(1, 60), st.integers(0, 3))  # fmt: skip


class Life:
    """Three accounts, what happens to their contracts, and what was known after each step."""

    def __init__(self, by: Any) -> None:
        self.by, self.now = by, NOON
        self.accounts = [factories.account().pk for _ in range(3)]
        self.acts: list[Any] = []
        self.kept: dict[int, tuple[Any, ...]] = {}
        self.known: list[tuple[datetime, Decimal]] = []

    @property
    def today(self) -> date:
        return self.now.date()

    def contract(self, pick: int) -> Contract | None:
        rows = list(Contract.objects.filter(account__in=self.accounts).order_by("pk"))
        return rows[pick % len(rows)] if rows else None

    def step(self, what: str, pick: int, day: int, length: int, which: int) -> None:
        self.now += timedelta(seconds=1)
        if what in ("book", "buy", "days", "project"):
            getattr(self, what)(pick, TODAY + day * DAY, length, which)
        elif row := self.contract(pick):
            try:
                with transaction.atomic():
                    getattr(self, what)(row, TODAY + day * DAY, length, which)
            except (changing.ChangeError, UndoError, IntegrityError):
                pass
        self.look()

    def book(self, pick: int, day: date, length: int, which: int) -> None:
        status = ("paid", "trial", "paid", "expected")[which]
        row = factories.contract(factories.Account.objects.get(pk=self.accounts[pick % 3]), day,
                                 None if length > 50 else day + length * DAY, MRRS[which], status=status)  # fmt: skip
        row.terms.update(rate=RATES[length % 3])
        if length % 2 and length <= 50:
            ContractTerm.objects.create(contract=row, starts_on=day + (length + which) * DAY, mrr=MRRS[-which - 1],
                                        ends_on=day + 2 * length * DAY + which * DAY)  # fmt: skip

    def turn(self, row: Contract, day: date, length: int, which: int) -> None:
        standing.turn(row, Contract.REPORTED[which], self.now)

    def edit(self, row: Contract, day: date, length: int, which: int) -> None:
        """Somebody corrects a term straight in the database, a page or a file."""
        if term := row.terms.order_by("starts_on").first():
            ContractTerm.objects.filter(pk=term.pk).update(mrr=MRRS[which], starts_on=min(day, term.starts_on + DAY))

    def change(self, row: Contract, day: date, length: int, which: int) -> None:
        self.acts.append(changing.change(row, changing.NewTerms(Decimal(MRRS[which]), day), self.by, self.now))

    def cancel(self, row: Contract, day: date, length: int, which: int) -> None:
        why = leaving.Asked(CancelReason.objects.get_or_create(name="Price")[0])
        self.acts.append(leaving.cancel(row, why, day, self.by, self.now))

    def reinstate(self, row: Contract, day: date, length: int, which: int) -> None:
        self.acts.append(leaving.reinstate(row, self.by, self.now))

    def undo(self, row: Contract, day: date, length: int, which: int) -> None:
        if self.acts:
            undo(self.acts.pop(), self.by, self.now)

    def drop(self, row: Contract, day: date, length: int, which: int) -> None:
        ContractTerm.objects.filter(pk__in=row.terms.order_by("-starts_on")[:1]).delete()

    def buy(self, pick: int, day: date, length: int, which: int) -> None:
        at = datetime(day.year, day.month, day.day, 23 * (which % 2), 59, tzinfo=UTC)
        Purchase.objects.create(account_id=self.accounts[pick % 3], purchased_at=at, currency="EUR")

    def days(self, pick: int, day: date, length: int, which: int) -> None:
        self.now += timedelta(days=length % 9)
        while actions.project_all_due(self.now):
            pass

    def project(self, pick: int, day: date, length: int, which: int) -> None:
        actions.project([self.accounts[pick % 3], self.accounts[which % 3]], self.now)

    def look(self) -> None:
        """What was said stays as it was said."""
        said = {row[0]: row[1:] for row in counting.rows(
            "SELECT id, account_id, day, kind, amount, customers, known_at FROM crm_mrrmovement"
            " WHERE account_id = ANY(%s)", self.accounts)}  # fmt: skip
        assert said.items() >= self.kept.items()
        self.kept = said
        self.known.append((self.now, sum((row[3] for row in said.values()), Decimal(0))))

    def settle(self, window: int) -> None:
        self.now += timedelta(seconds=1)
        actions.project(reversed(self.accounts), self.now)
        self.look()
        for account in self.accounts:
            by_day = counting.levels(account, FIRST - 40 * DAY, LAST + 100 * DAY, window)
            counting.assert_spans(account, by_day)
            assert counting.stored(account) == counting.movements(by_day, self.today)
            moved = MrrMovement.objects.filter(account=account, day__lte=self.today).values_list("amount", "customers")
            brings = by_day[self.today]
            assert sum(amount for amount, _ in moved) == (brings or 0)
            assert sum(customers for _, customers in moved) == (brings is not None)
            row = factories.Account.objects.get(pk=account)
            assert row.mrr == (brings or 0)
            assert (row.lifecycle in ("customer", "paused")) >= (brings is not None)
        for moment, total in self.known:
            as_of = MrrMovement.objects.filter(account__in=self.accounts, known_at__lte=moment)
            assert sum(as_of.values_list("amount", flat=True)) == total


@given(steps=st.lists(op, min_size=3, max_size=14), window=st.sampled_from((0, 0, 20)))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_it_is_as_counted_day_by_day(ada, steps, window):
    with override_settings(PURCHASE_WINDOW_DAYS=window), transaction.atomic():
        life = Life(ada)
        for step in steps:
            life.step(*step)
        life.settle(window)
        actions.project(life.accounts, life.now + DAY / 24)
        assert MrrMovement.objects.filter(known_at=life.now + DAY / 24).count() == 0  # again changes nothing
        transaction.set_rollback(True)


def told(account: Any) -> list[tuple[Any, ...]]:
    rows = MrrMovement.objects.filter(account=account).order_by("id")
    return [(row.day, row.kind, row.amount, row.customers) for row in rows]


def test_who_comes_back_on_the_same_day_never_left_and_a_day_later_did():
    same, later = factories.account(), factories.account()
    for account, gap in ((same, 0), (later, 1)):
        factories.contract(account, TODAY - 60 * DAY, TODAY - 30 * DAY)
        factories.contract(account, TODAY + (gap - 30) * DAY)
    actions.project([same.pk, later.pk], NOON)
    assert told(same) == [(TODAY - 60 * DAY, "new", 100, 1)]
    assert told(later) == [
        (TODAY - 60 * DAY, "new", 100, 1),
        (TODAY - 30 * DAY, "churn", -100, -1),
        (TODAY - 29 * DAY, "reactivation", 100, 1),
    ]


def test_contracts_beside_each_other_add_up_and_one_for_nothing_makes_a_customer():
    account = factories.account()
    factories.contract(account, TODAY - 60 * DAY, mrr=0)
    factories.contract(account, TODAY - 30 * DAY, TODAY - 10 * DAY, mrr=40)
    factories.contract(account, TODAY - 20 * DAY, mrr=60)
    actions.project([account.pk], NOON)
    spans = [(span.starts_on - TODAY, span.mrr) for span in CustomerSpan.objects.order_by("starts_on")]
    assert spans == [(-60 * DAY, 0), (-30 * DAY, 40), (-20 * DAY, 100), (-10 * DAY, 60)]
    assert told(account)[0] == (TODAY - 60 * DAY, "new", 0, 1)


def test_a_correction_of_the_past_is_added_and_what_was_known_stays():
    account = factories.account()
    row = factories.contract(account, TODAY - 60 * DAY)
    actions.project([account.pk], NOON)
    later = NOON + DAY
    row.terms.update(mrr=80)
    actions.project([account.pk], later)
    assert told(account) == [(TODAY - 60 * DAY, "new", 100, 1), (TODAY - 60 * DAY, "new", -20, 0)]
    as_of = MrrMovement.objects.filter(known_at__lte=NOON).values_list("amount", flat=True)
    assert list(as_of) == [100]


def test_halves_are_rounded_to_the_even_cent_once():
    account = factories.account()
    for mrr in ("0.05", "0.10"):
        row = factories.contract(account, TODAY)
        row.terms.update(mrr=Decimal(mrr), rate=Decimal("0.5"))
    actions.project([account.pk], NOON)
    assert CustomerSpan.objects.get().mrr == Decimal("0.08")  # 0.075
    ContractTerm.objects.filter(mrr="0.10").update(mrr=Decimal("0.08"))
    actions.project([account.pk], NOON)
    assert CustomerSpan.objects.get().mrr == Decimal("0.06")  # 0.065


@override_settings(PURCHASE_WINDOW_DAYS=30, TIME_ZONE="Pacific/Auckland")
def test_a_window_ends_after_so_many_days_of_the_installation():
    account = factories.account()
    Purchase.objects.create(account=account, purchased_at=datetime(2026, 5, 2, 12, tzinfo=UTC), currency="EUR")
    actions.project([account.pk], NOON)
    span = CustomerSpan.objects.get()
    assert (span.starts_on, span.ends_on, span.mrr) == (date(2026, 5, 3), date(2026, 6, 2), 0)  # midnight there
    account.refresh_from_db()
    assert account.lifecycle == "churned"
    assert told(account) == [(date(2026, 5, 3), "new", 0, 1), (date(2026, 6, 2), "churn", 0, -1)]
    actions.project([account.pk], NOON - timedelta(microseconds=1))
    account.refresh_from_db()
    assert account.lifecycle == "customer"


def test_movements_are_never_changed_and_go_with_their_account_alone():
    account, other = factories.account(), factories.account()
    factories.contract(account, TODAY)
    actions.project([account.pk], NOON)
    for statement in (
        "UPDATE crm_mrrmovement SET amount = 1",
        "UPDATE crm_mrrmovement SET known_at = known_at",
        "DELETE FROM crm_mrrmovement; SET CONSTRAINTS ALL IMMEDIATE",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    MrrMovement.objects.update(account=other)
    assert told(other) == [(TODAY, "new", 100, 1)]
    MrrMovement.objects.update(account=account)
    account.delete()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not MrrMovement.objects.exists()


def test_two_who_become_one_are_counted_as_one_and_as_two_again(mira):
    keeps, goes = factories.account(), factories.account()
    factories.contract(keeps, TODAY - 60 * DAY)
    factories.contract(goes, TODAY - 30 * DAY, mrr=50)
    actions.project([keeps.pk, goes.pk], NOON)
    done = merge("account", keeps.pk, goes.pk, {}, mira, NOON + DAY)
    for account, spans in ((keeps.pk, 2), (goes.pk, 0)):
        assert CustomerSpan.objects.filter(account=account).count() == spans
    joined = counting.levels(keeps.pk, FIRST, LAST)
    assert counting.stored(keeps.pk) == counting.movements(joined, TODAY)
    assert counting.stored(keeps.pk)[TODAY - 30 * DAY, "expansion"] == (50, 0)
    undo(done.act, mira, NOON + 2 * DAY)
    for account in (keeps.pk, goes.pk):
        assert counting.stored(account) == counting.movements(counting.levels(account, FIRST, LAST), TODAY)


def test_what_is_older_than_its_spans_is_derived_once_and_again_for_another_window():
    account = factories.account()
    factories.contract(account, TODAY - 60 * DAY)
    Purchase.objects.create(account=factories.account(), purchased_at=NOON, currency="EUR")
    actions.days.Walk.objects.filter(name=actions.days._WALK).delete()
    assert (actions.derive_all(NOON), actions.derive_all(NOON), actions.derive_all(NOON)) == (2, 0, 0)
    assert CustomerSpan.objects.count() == 1
    with override_settings(PURCHASE_WINDOW_DAYS=30):
        assert (actions.derive_all(NOON), actions.derive_all(NOON)) == (2, 0)
        assert CustomerSpan.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_file_a_renewal_and_a_merge_at_once(load, mira, seed):
    keeps, goes = factories.account(external_id="a"), factories.account(external_id="b")
    for number in range(12):
        row = factories.contract((keeps, goes)[number % 2], TODAY - 31 * DAY, TODAY - DAY, auto_renew=True)
        Contract.objects.filter(pk=row.pk).update(external_id=f"k{number}")
    actions.project([keeps.pk, goes.pk], NOON)
    head = "external_id,account_external_id,starts_on,ends_on,mrr,status\n"
    file = head + "".join(f"n{n},{'ab'[n % 2]},2026-02-0{n + 1},2026-08-01,{n * 7},paid\n" for n in range(8))

    def renew() -> None:
        while book_renewals(NOON):
            pass

    jobs = [partial(merge, "account", keeps.pk, goes.pk, {}, mira, NOON), renew, partial(load, "contracts", file)]
    beside(*jobs[seed:], *jobs[:seed])
    renew()
    by_day = counting.levels(keeps.pk, FIRST - 40 * DAY, LAST)
    counting.assert_spans(keeps.pk, by_day)
    assert counting.stored(keeps.pk) == counting.movements(by_day, TODAY)
    assert not CustomerSpan.objects.filter(account=goes.pk).exists()
    assert ContractTerm.objects.filter(ends_on__lte=TODAY + DAY, contract__auto_renew=True).count() <= 24
