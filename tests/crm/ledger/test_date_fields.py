from datetime import date, timedelta

import pytest
from django.db import connection

from crm import slots
from crm.ledger.models import ContractTerm
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def rows(name):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT account_id, contact_id, day, fact, known_at FROM ({slots.date_fields[name].sql}) d")
        return cursor.fetchall()


def test_a_first_contract_starts_once():
    account = factories.account()
    first = factories.contract(account, date(2026, 6, 1))
    factories.contract(account, date(2026, 7, 1))
    assert rows("contract.starts_on") == [
        (account.pk, None, date(2026, 6, 1), f"contract:{first.pk}:start:2026-06-01", NOON)
    ]


def test_a_trial_starts_and_the_sale_after_it_does_not():
    account = factories.account()
    trial = factories.contract(account, date(2026, 5, 1), date(2026, 6, 1), status="trial")
    factories.contract(account, date(2026, 6, 1))
    assert [row[3] for row in rows("contract.starts_on")] == [f"contract:{trial.pk}:start:2026-05-01"]


@pytest.mark.parametrize("status", ["cancelled", "paused"])
def test_who_had_a_contract_that_is_over_does_not_start_again(status):
    account = factories.account()
    factories.contract(account, date(2025, 5, 1), date(2026, 5, 1), status=status)
    factories.contract(account, date(2026, 6, 1))
    assert rows("contract.starts_on") == []


def test_two_contracts_of_one_day_start_once():
    account = factories.account()
    first = factories.contract(account, date(2026, 6, 1))
    factories.contract(account, date(2026, 6, 1))
    assert [row[3] for row in rows("contract.starts_on")] == [f"contract:{first.pk}:start:2026-06-01"]


def test_each_paid_contract_ends_with_its_last_term():
    account = factories.account()
    contract = factories.contract(account, date(2025, 6, 1), date(2026, 6, 1))
    known_at = NOON + timedelta(days=1)
    ContractTerm.objects.create(
        contract=contract, starts_on=date(2026, 6, 1), ends_on=date(2027, 6, 1), mrr=1, known_at=known_at
    )
    second = factories.contract(account, date(2026, 1, 1), date(2026, 9, 1))
    factories.contract(account, date(2026, 1, 1), None)
    for status in ("trial", "paused", "cancelled"):
        factories.contract(account, date(2026, 1, 1), date(2026, 9, 1), status=status)
    assert sorted(rows("contract.ends_on")) == [
        (account.pk, None, date(2026, 9, 1), f"contract:{second.pk}:end:2026-09-01", NOON),
        (account.pk, None, date(2027, 6, 1), f"contract:{contract.pk}:end:2027-06-01", known_at),
    ]


def test_an_open_last_term_takes_the_end_away():
    contract = factories.contract(factories.account(), date(2025, 6, 1), date(2026, 6, 1))
    ContractTerm.objects.create(contract=contract, starts_on=date(2026, 6, 1), ends_on=None, mrr=1)
    assert rows("contract.ends_on") == []


def test_a_condition_on_the_day_uses_the_index():
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO crm_account (name, kind, domain, industry, country, timezone, tags, tier, "
                       "primary_use_case, lifetime_spend, lifecycle, mrr, created_at, updated_at) "
                       "SELECT 'A' || n, 'company', '', '', '', '', '{}', '', '', 0, 'lead', 0, now(), now() "
                       "FROM generate_series(1, 100000) n")  # fmt: skip
        cursor.execute("INSERT INTO crm_contract (account_id, plan, status, auto_renew, currency, created_at, "
                       "updated_at) SELECT id, '', 'paid', false, 'EUR', now(), now() FROM crm_account")  # fmt: skip
        cursor.execute("INSERT INTO crm_contractterm (contract_id, starts_on, ends_on, mrr, rate, known_at) "
                       "SELECT id, date '2020-01-01' + id::int % 3000, date '2021-01-01' + id::int % 3000, 1, 1, now() "
                       "FROM crm_contract")  # fmt: skip
        cursor.execute("ANALYZE crm_account, crm_contract, crm_contractterm")
        for name, index in (("contract.starts_on", "term_by_start"), ("contract.ends_on", "term_by_end")):
            cursor.execute(f"EXPLAIN SELECT * FROM ({slots.date_fields[name].sql}) d WHERE day BETWEEN %s AND %s",
                           [date(2026, 6, 1), date(2026, 6, 3)])  # fmt: skip
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert index in plan
            assert "Seq Scan on crm_contractterm" not in plan, plan
            assert "Seq Scan on crm_contract " not in plan, plan
