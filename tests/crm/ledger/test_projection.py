from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import override_settings

from crm.ledger import actions
from crm.ledger.models import ContractTerm
from crm.web import clock
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 1)
DAY = timedelta(days=1)


def project(account):
    actions.project([account.pk], NOON)
    account.refresh_from_db()
    return account


@pytest.mark.parametrize(
    ("status", "starts_on", "ends_on", "lifecycle"),
    [
        ("paid", TODAY, None, "customer"),
        ("paid", TODAY - DAY, TODAY + DAY, "customer"),
        ("paid", TODAY + DAY, None, "lead"),  # not begun yet
        ("paid", TODAY - 2 * DAY, TODAY, "churned"),  # the end is the first day without service
        ("trial", TODAY, TODAY + DAY, "trial"),
        ("trial", TODAY - 2 * DAY, TODAY, "lead"),  # ran out without a sale
        ("trial", TODAY + DAY, None, "lead"),
        ("paused", TODAY, None, "paused"),
        ("paused", TODAY - 2 * DAY, TODAY, "churned"),
        ("cancelled", TODAY - DAY, None, "churned"),
        ("cancelled", TODAY + DAY, None, "lead"),
    ],
)
def test_one_contract_makes_the_lifecycle(status, starts_on, ends_on, lifecycle):
    account = factories.account()
    factories.contract(account, starts_on, ends_on, status=status)
    assert project(account).lifecycle == lifecycle


def test_without_contracts_it_is_a_lead_and_all_columns_are_empty():
    account = factories.account(lifecycle="customer", mrr=7, customer_since=TODAY, renews_on=TODAY)
    project(account)
    assert (account.lifecycle, account.mrr, account.customer_since, account.renews_on) == ("lead", 0, None, None)


def test_paid_beats_paused_beats_trial():
    account = factories.account()
    factories.contract(account, TODAY, status="trial")
    assert project(account).lifecycle == "trial"
    factories.contract(account, TODAY, status="paused")
    assert project(account).lifecycle == "paused"
    factories.contract(account, TODAY, status="paid")
    assert project(account).lifecycle == "customer"


def test_a_gap_before_a_booked_term_is_a_pause():
    account = factories.account()
    factories.contract(account, TODAY - 30 * DAY, TODAY)
    factories.contract(account, TODAY + DAY, None)
    assert project(account).lifecycle == "paused"


def test_mrr_is_the_sum_of_covering_counted_terms_at_their_rate():
    account = factories.account()
    factories.contract(account, TODAY, mrr=100)
    second = factories.contract(account, TODAY, mrr=50, currency="USD")
    ContractTerm.objects.filter(contract=second).update(rate=Decimal("0.90123456"))
    factories.contract(account, TODAY, mrr=1000, status="trial")
    factories.contract(account, TODAY + DAY, mrr=2000)
    factories.contract(account, TODAY - 2 * DAY, TODAY, mrr=4000)
    assert project(account).mrr == Decimal("145.06")


def test_customer_since_is_the_earliest_begun_paid_term_of_all_times():
    account = factories.account()
    factories.contract(account, date(2020, 1, 1), None, status="trial")
    factories.contract(account, date(2024, 3, 1), date(2025, 3, 1))
    factories.contract(account, TODAY, None)
    assert project(account).customer_since == date(2024, 3, 1)


def test_renews_on_is_the_earliest_last_end_of_the_covering_contracts():
    account = factories.account()
    contract = factories.contract(account, date(2026, 1, 1), date(2026, 7, 1))
    ContractTerm.objects.create(contract=contract, starts_on=date(2026, 7, 1), ends_on=date(2027, 1, 1), mrr=1)
    assert project(account).renews_on == date(2027, 1, 1)
    factories.contract(account, date(2026, 1, 1), date(2026, 12, 31))
    assert project(account).renews_on == date(2026, 12, 31)
    factories.contract(account, date(2026, 1, 1), None)
    factories.contract(account, date(2026, 1, 1), date(2026, 8, 1), status="trial")
    factories.contract(account, TODAY + DAY, date(2026, 9, 1))
    assert project(account).renews_on == date(2026, 12, 31)


def test_an_open_contract_has_no_renewal():
    account = factories.account()
    factories.contract(account, date(2026, 1, 1), None)
    assert project(account).renews_on is None


def test_today_is_the_day_of_the_installation():
    account = factories.account()
    factories.contract(account, date(2026, 6, 2))
    with override_settings(TIME_ZONE="Pacific/Auckland"):
        actions.project([account.pk], NOON)  # midnight there
        account.refresh_from_db()
        assert account.lifecycle == "customer"
        actions.project([account.pk], NOON - timedelta(microseconds=1))
        account.refresh_from_db()
        assert account.lifecycle == "lead"


def test_only_the_accounts_named_and_only_those_that_changed():
    account, other = factories.account(), factories.account()
    factories.contract(account, TODAY)
    factories.contract(other, TODAY)
    assert actions.project([account.pk, account.pk, 0], NOON) == 1
    assert actions.project([account.pk], NOON) == 0
    assert actions.project([], NOON) == 0
    other.refresh_from_db()
    assert other.lifecycle == "lead"


def run_all(now):
    moved = 0
    while rows := actions.run(now):
        moved += rows
    return moved


def test_days_bring_beginnings_and_ends_by_themselves():
    account = factories.account()
    factories.contract(account, date(2026, 6, 3), date(2026, 6, 10))
    run_all(NOON)
    assert run_all(NOON) == 0

    def lifecycle(now):
        run_all(now)
        account.refresh_from_db()
        return account.lifecycle

    assert lifecycle(datetime(2026, 6, 2, 23, 59, 59, tzinfo=UTC)) == "lead"
    assert lifecycle(datetime(2026, 6, 3, tzinfo=UTC)) == "customer"
    assert actions.project_all_due(datetime(2026, 6, 3, tzinfo=UTC)) == 0
    assert lifecycle(datetime(2026, 6, 9, 23, 59, 59, tzinfo=UTC)) == "customer"
    assert lifecycle(datetime(2026, 6, 10, tzinfo=UTC)) == "churned"


def test_days_of_an_outage_are_caught_up_one_by_one():
    run_all(NOON)
    early, late = factories.account(), factories.account()
    factories.contract(early, date(2026, 6, 2), date(2026, 6, 4))
    factories.contract(late, date(2026, 6, 7))
    later = NOON + 10 * DAY
    assert [actions.project_all_due(later) for _ in range(4)] == [1, 1, 1, 0]
    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.lifecycle, late.lifecycle) == ("churned", "customer")


def test_an_earlier_clock_does_not_undo_the_mark():
    run_all(NOON)
    assert actions.project_all_due(NOON - 5 * DAY) == 0
    assert actions.days._projected_up_to(NOON) == TODAY


def test_next_due_is_the_midnight_of_the_next_change():
    assert actions.next_due(NOON) is None
    account = factories.account()
    factories.contract(account, date(2026, 5, 1), date(2026, 6, 20))
    assert actions.next_due(NOON) == datetime(2026, 6, 20, tzinfo=UTC)
    factories.contract(account, date(2026, 5, 1), date(2026, 6, 18), auto_renew=True)
    assert actions.next_due(NOON) == datetime(2026, 6, 17, tzinfo=UTC)
    factories.contract(account, date(2026, 6, 2))
    assert actions.next_due(NOON) == datetime(2026, 6, 2, tzinfo=UTC)
    with override_settings(TIME_ZONE="Europe/Berlin"):
        assert actions.next_due(NOON) == datetime(2026, 6, 1, 22, tzinfo=UTC)
        assert clock.today(datetime(2026, 6, 1, 22, tzinfo=UTC)) == date(2026, 6, 2)
