from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.ledger import actions
from crm.ledger.models import Contract, ContractTerm
from crm.timeline.models import Pending, TimelineEntry
from crm.web import wording
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 1)
TOMORROW = date(2026, 6, 2)


def terms(contract):
    return list(contract.terms.order_by("starts_on").values_list("starts_on", "ends_on"))


@pytest.mark.parametrize("ends_on", [TODAY, TOMORROW])
def test_the_next_term_is_booked_the_day_before_the_end(ends_on):
    account = factories.account()
    start = ends_on.replace(year=2025)
    contract = factories.contract(account, start, ends_on, mrr=250, auto_renew=True, plan="Team")
    assert actions.book_renewals(NOON) == 1
    assert terms(contract) == [(start, ends_on), (ends_on, ends_on.replace(year=2027))]
    booked = ContractTerm.objects.get(starts_on=ends_on)
    assert (booked.mrr, booked.rate, booked.known_at) == (250, 1, NOON)
    account.refresh_from_db()
    assert (account.lifecycle, account.mrr) == ("customer", 250)
    assert account.renews_on == ends_on.replace(year=2027)
    entry = TimelineEntry.objects.get()
    assert (entry.kind, entry.account, entry.payload["mrr"]) == ("contract.renewed", account, "250.00")
    assert entry.text == f"Team renewed from {wording.day(ends_on)} to {wording.day(ends_on.replace(year=2027))}"
    assert Pending.objects.count() == 1


def test_it_is_not_booked_two_days_before_the_end():
    contract = factories.contract(factories.account(), date(2025, 6, 3), date(2026, 6, 3), auto_renew=True)
    assert actions.book_renewals(NOON) == 0
    assert contract.terms.count() == 1
    assert not TimelineEntry.objects.exists()
    assert actions.book_renewals(datetime(2026, 6, 2, tzinfo=UTC)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"auto_renew": False},
        {"auto_renew": True, "status": "trial"},
        {"auto_renew": True, "status": "paused"},
        {"auto_renew": True, "status": "cancelled"},
    ],
)
def test_what_does_not_renew(fields):
    contract = factories.contract(factories.account(), date(2025, 6, 1), TODAY, **fields)
    assert actions.book_renewals(NOON) == 0
    assert contract.terms.count() == 1


def test_an_open_term_needs_no_renewal():
    contract = factories.contract(factories.account(), date(2025, 6, 1), None, auto_renew=True)
    assert actions.book_renewals(NOON) == 0
    assert contract.terms.count() == 1


def test_booking_twice_books_once():
    contract = factories.contract(factories.account(), date(2025, 6, 1), TODAY, auto_renew=True)
    assert [actions.book_renewals(NOON), actions.book_renewals(NOON)] == [1, 0]
    assert contract.terms.count() == 2


def test_months_missed_in_an_outage_follow_one_another():
    contract = factories.contract(factories.account(), date(2026, 1, 31), date(2026, 2, 28), auto_renew=True)
    assert actions.book_renewals(NOON) == 4
    assert [end for _, end in terms(contract)] == [
        date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31), date(2026, 6, 30),
    ]  # fmt: skip


def test_29_february_returns_in_leap_years():
    contract = factories.contract(factories.account(), date(2024, 2, 29), date(2025, 2, 28), auto_renew=True)
    assert actions.book_renewals(datetime(2028, 3, 1, tzinfo=UTC)) == 4
    assert terms(contract)[-1] == (date(2028, 2, 29), date(2029, 2, 28))


def test_quiet_booking_of_named_contracts_fires_nothing():
    account = factories.account()
    contract = factories.contract(account, date(2025, 6, 1), TODAY, auto_renew=True)
    other = factories.contract(account, date(2025, 6, 1), TODAY, auto_renew=True)
    assert actions.book_renewals(NOON, only=[contract.pk], react=False) == 1
    assert (contract.terms.count(), other.terms.count()) == (2, 1)
    assert (TimelineEntry.objects.count(), Pending.objects.count()) == (1, 0)


def test_a_long_row_of_missed_terms_is_booked_in_slices(monkeypatch):
    monkeypatch.setattr(actions.renewals, "BATCH", 7)
    long = factories.contract(
        factories.account(), TODAY - timedelta(days=20), TODAY - timedelta(days=19), auto_renew=True
    )
    short = factories.contract(factories.account(), date(2025, 6, 1), TODAY, auto_renew=True)
    assert [actions.book_renewals(NOON) for _ in range(5)] == [7, 7, 7, 1, 0]
    assert (long.terms.count(), short.terms.count()) == (22, 2)
    assert terms(long)[-1] == (TOMORROW, TOMORROW + timedelta(days=1))
    assert all(end == start for (_, end), (start, _) in pairwise(terms(long)))


HOUR = timedelta(hours=1)


def test_an_idle_look_of_the_day_is_not_repeated(django_assert_num_queries):
    contract = factories.contract(factories.account(), date(2025, 6, 3), date(2026, 6, 3), auto_renew=True)
    Contract.objects.update(updated_at=NOON - HOUR)
    assert actions.book_renewals(NOON) == 0
    with django_assert_num_queries(4), CaptureQueriesContext(connection) as queries:  # two of them a savepoint's
        assert actions.book_renewals(NOON + HOUR) == 0
    assert "crm_contractterm" not in str(queries.captured_queries)
    assert actions.book_renewals(NOON + 12 * HOUR) == 1  # the next day
    assert contract.terms.count() == 2


@pytest.mark.parametrize(("late", "booked"), [(timedelta(minutes=10), 0), (timedelta(minutes=9, seconds=59), 1)])
def test_a_contract_that_changed_since_is_looked_at(late, booked):
    """Also one that was changed before the look and committed after it."""
    contract = factories.contract(factories.account(), date(2025, 6, 1), TODAY)
    assert actions.book_renewals(NOON) == 0
    Contract.objects.update(auto_renew=True, updated_at=NOON - late)
    assert actions.book_renewals(NOON + HOUR) == booked
    assert contract.terms.count() == 1 + booked


@pytest.mark.django_db(transaction=True)
def test_what_another_worker_holds_is_not_taken_for_done():
    contract = factories.contract(factories.account(), date(2025, 6, 1), TODAY, auto_renew=True)
    Contract.objects.update(updated_at=NOON - HOUR)

    def look():
        try:
            return actions.book_renewals(NOON)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Contract.objects.select_for_update().get()  # and now it dies
        assert pool.submit(look).result() == 0
    assert actions.book_renewals(NOON + HOUR) == 1
    assert contract.terms.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_book_each_term_once():
    contracts = [
        factories.contract(factories.account(), date(2026, 1, 1), date(2026, 2, 1), auto_renew=True) for _ in range(30)
    ]

    def work(_):
        try:
            return sum(iter(lambda: actions.book_renewals(NOON), 0))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        booked = list(pool.map(work, range(4)))
    assert sum(booked) == 30 * 5
    assert {contract.terms.count() for contract in contracts} == {6}
    assert TimelineEntry.objects.count() == 150


def test_a_night_moves_the_contract_on_for_a_year_of_ticks():
    contract = factories.contract(factories.account(), date(2026, 5, 31), date(2026, 6, 30), auto_renew=True)
    now = NOON
    for _ in range(40):
        while actions.run(now):
            pass
        now = actions.next_due(now)
        assert now is not None
    assert contract.terms.count() > 12
    ends = [end for _, end in terms(contract)]
    assert ends[:4] == [date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31), date(2026, 9, 30)]
    assert now - NOON > timedelta(days=365)
