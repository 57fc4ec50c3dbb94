from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import override_settings

from crm.ledger.models import Contract, ContractTerm, CurrencyRate
from crm.timeline.models import Pending
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

HEADER = "external_id,account_external_id,plan,starts_on,ends_on,mrr,currency,auto_renew,status\n"


def numbers(report):
    return report.created, report.updated, report.skipped, report.rejected


def terms():
    return list(ContractTerm.objects.order_by("starts_on").values_list("starts_on", "ends_on", "mrr"))


@pytest.fixture
def acme(db):
    return factories.account("Acme", external_id="acme")


def test_every_column_arrives_and_the_account_follows(load, acme):
    report = load("contracts", HEADER + "k1,acme,Team,2026-01-01,2027-01-01,250.50,eur,no,\n")
    assert numbers(report) == (1, 0, 0, 0)
    contract = Contract.objects.get()
    assert (contract.account, contract.external_id, contract.plan) == (acme, "k1", "Team")
    assert (contract.currency, contract.auto_renew, contract.status) == ("EUR", False, "paid")
    term = contract.terms.get()
    assert (term.starts_on, term.ends_on, term.mrr) == (date(2026, 1, 1), date(2027, 1, 1), Decimal("250.50"))
    assert (term.rate, term.known_at) == (1, NOON)
    acme.refresh_from_db()
    assert (acme.lifecycle, acme.mrr, acme.renews_on) == ("customer", Decimal("250.50"), date(2027, 1, 1))
    assert not Pending.objects.exists()


def test_again_changes_nothing_and_keeps_when_it_became_known(load, acme):
    text = HEADER + "k1,acme,Team,2026-01-01,2027-01-01,250,EUR,no,paid\nk2,acme,,2026-01-01,,0,,,trial\n"
    load("contracts", text)
    assert numbers(load("contracts", text, now=NOON + timedelta(days=1))) == (0, 0, 2, 0)
    assert set(ContractTerm.objects.values_list("known_at", flat=True)) == {NOON}
    later = NOON + timedelta(days=2)
    assert numbers(load("contracts", text.replace("2027-01-01", "2027-02-01"), now=later)) == (0, 1, 1, 0)
    assert ContractTerm.objects.get(contract__external_id="k1").known_at == later
    acme.refresh_from_db()
    assert acme.renews_on == date(2027, 2, 1)


def test_blank_cells_keep_the_contract_and_its_term(load, acme):
    load("contracts", HEADER + "k1,acme,Team,2026-01-01,2027-01-01,250,EUR,no,paid\n")
    assert numbers(load("contracts", HEADER + "k1,acme,,2026-01-01,,,,,cancelled\n")) == (0, 1, 0, 0)
    contract = Contract.objects.get()
    assert (contract.plan, contract.status, contract.currency) == ("Team", "cancelled", "EUR")
    assert terms() == [(date(2026, 1, 1), date(2027, 1, 1), 250)]
    acme.refresh_from_db()
    assert (acme.lifecycle, acme.mrr) == ("churned", 0)


def test_rows_of_one_contract_are_its_terms(load, acme):
    report = load(
        "contracts",
        HEADER + "k1,acme,Team,2025-01-01,2026-01-01,100,,no,\nk1,acme,,2026-01-01,2027-01-01,120,,,paused\n",
    )
    assert numbers(report) == (2, 0, 0, 0)
    contract = Contract.objects.get()
    assert (contract.plan, contract.status) == ("Team", "paused")
    assert [mrr for _, _, mrr in terms()] == [100, 120]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("k1,nowhere,,2026-01-01,,1,,,", "account_external_id", "is the id of no customer here"),
        ("k1,acme,,2026-01-01,2026-01-01,1,,,", "ends_on", "is not after starts_on"),
        ("k1,acme,,2026-01-01,2025-12-31,1,,,", "ends_on", "is not after starts_on"),
        ("k1,acme,,2026-01-01,,1,USD,,", "currency", "has no rate to EUR, the reporting currency"),
        ("k1,acme,,2026-01-01,,-5,,,", "mrr", "is negative"),
        ('k1,acme,,2026-01-01,,"1,234",,,', "mrr", "is not an amount"),
        ("k1,acme,,2026-01-01,,,,,", "mrr", "is missing"),
        ("k1,acme,,,,1,,,", "starts_on", "is missing"),
        ("k1,,,2026-01-01,,1,,,", "account_external_id", "is missing"),
        ("k1,acme,,2026-01-01,,1,,maybe,", "auto_renew", "is neither yes nor no"),
        ("k1,acme,,2026-01-01,,1,,,active", "status", "is not one of the choices"),
    ],
)
def test_what_rejects_a_row(load, rejects, acme, row, column, reason):
    assert numbers(load("contracts", HEADER + row + "\n")) == (0, 0, 0, 1)
    assert rejects("contracts")[0][1:2] + rejects("contracts")[0][3:4] == [column, reason]
    assert not Contract.objects.exists()


def test_refusals_name_the_columns_of_the_file(load, rejects, acme):
    text = "Contract,Customer,From,Until,Monthly\nk1,acme,2026-01-01,2025-12-31,1\nk2,acme,,,1\n"
    mapping = {"Contract": "external_id", "Customer": "account_external_id", "From": "starts_on", "Until": "ends_on",
               "Monthly": "mrr"}  # fmt: skip
    load("contracts", text, mapping=mapping)
    remedy = "Until is the first day without service: later than From, or blank for an open end."
    assert rejects("contracts") == [
        ["2", "Until", "2025-12-31", "is not after From", remedy],
        ["3", "From", "", "is missing", "Fill in From."],
    ]


def test_a_rate_is_booked_and_stays(load, acme):
    text = HEADER + "k1,acme,,2026-01-01,,100,usd,,\n"
    with override_settings(CURRENCY_RATES={"USD": Decimal("0.92")}):
        load("contracts", text)
        acme.refresh_from_db()
        assert acme.mrr == 92
    with override_settings(CURRENCY_RATES={"USD": Decimal("0.5")}):
        assert numbers(load("contracts", text)) == (0, 0, 1, 0)
    assert ContractTerm.objects.get().rate == Decimal("0.92")


def test_each_term_takes_the_rate_of_the_day_on_which_it_begins(load, acme):
    for day, rate in (("2026-01-01", "0.9"), ("2026-06-01", "0.8")):
        CurrencyRate.objects.create(code="USD", valid_from=day, rate=rate)
    text = "k1,acme,,2024-01-01,2026-01-01,1,,,\nk1,acme,,2026-01-01,2026-06-01,2,,,\nk1,acme,,2026-06-01,,3,usd,,\n"
    load("contracts", HEADER + text)
    rates = ContractTerm.objects.order_by("starts_on").values_list("rate", flat=True)
    assert list(rates) == [Decimal("0.9"), Decimal("0.9"), Decimal("0.8")]


def test_overlapping_rows_go_and_the_others_stay(load, rejects, acme):
    report = load(
        "contracts",
        HEADER + "k1,acme,,2026-01-01,2026-03-01,1,,,\n"
        "k1,acme,,2026-02-01,2026-05-01,2,,,\n"  # overlaps the first
        "k1,acme,,2026-04-01,2026-06-01,3,,,\n"  # would overlap the second, which goes
        "k1,acme,,2026-06-01,,4,,,\n",
    )
    assert numbers(report) == (3, 0, 0, 1)
    assert rejects("contracts")[0][:4] == [
        "3",
        "starts_on",
        "2026-02-01",
        "overlaps an earlier row of the same contract",
    ]
    assert [mrr for _, _, mrr in terms()] == [1, 3, 4]


def test_a_booked_term_is_not_overlapped(load, rejects, acme):
    load("contracts", HEADER + "k1,acme,,2026-01-01,2027-01-01,1,,,\n")
    report = load("contracts", HEADER + "k1,acme,,2026-12-31,,2,,,\nk1,acme,,2027-01-01,,3,,,\n")
    assert numbers(report) == (1, 0, 0, 1)
    assert rejects("contracts")[0][:4] == [
        "2", "starts_on", "2026-12-31", "overlaps a term of the contract that is booked already",
    ]  # fmt: skip
    assert [mrr for _, _, mrr in terms()] == [1, 3]


def test_a_term_that_the_file_shortens_makes_room(load, acme):
    load("contracts", HEADER + "k1,acme,,2026-01-01,2027-01-01,1,,,\n")
    report = load("contracts", HEADER + "k1,acme,,2026-01-01,2026-07-01,,,,\nk1,acme,,2026-07-01,,2,,,\n")
    assert numbers(report) == (1, 1, 0, 0)
    assert terms() == [(date(2026, 1, 1), date(2026, 7, 1), 1), (date(2026, 7, 1), None, 2)]


def test_a_contract_stays_with_its_account(load, rejects, acme):
    factories.account("Bolt", external_id="bolt")
    load("contracts", HEADER + "k1,acme,,2026-01-01,,1,,,\n")
    report = load(
        "contracts", HEADER + "k1,bolt,,2026-01-01,,1,,,\nk2,acme,,2026-01-01,,1,,,\nk2,bolt,,2027-01-01,,1,,,\n"
    )
    assert report.rejected == 2
    assert Contract.objects.get(external_id="k1").account == acme


def test_terms_that_ran_out_and_renew_are_booked_without_firing(load, acme):
    load("contracts", HEADER + "k1,acme,Team,2024-06-15,2025-06-15,100,,yes,\n")
    assert [end for _, end, _ in terms()] == [date(2025, 6, 15), date(2026, 6, 15)]
    acme.refresh_from_db()
    assert (acme.lifecycle, acme.renews_on) == ("customer", date(2026, 6, 15))
    assert not Pending.objects.exists()
    load("contracts", HEADER + "k1,acme,Team,2024-06-15,2025-06-15,100,,yes,\n")
    assert len(terms()) == 2


FORGOTTEN = "is so long ago that more than 120 terms would have to be booked since"


def test_a_term_that_would_renew_by_thousands_is_refused(load, rejects, acme):
    report = load("contracts", HEADER + "k1,acme,,1900-01-01,1900-01-02,1,,yes,\nk2,acme,,2026-01-01,,1,,yes,\n")
    assert numbers(report) == (1, 0, 0, 1)
    assert rejects("contracts")[0][:4] == ["2", "ends_on", "1900-01-02", FORGOTTEN]
    assert terms() == [(date(2026, 1, 1), None, 1)]


@pytest.mark.parametrize("late", [0, 1])
def test_a_hundred_and_twenty_missed_terms_are_booked_and_one_more_is_not(load, acme, late):
    ends_on = NOON.date() + timedelta(days=1 - 7 * 119 - late - 6)  # the 120th runs out after tomorrow, or tomorrow
    report = load("contracts", HEADER + f"k1,acme,,{ends_on - timedelta(days=7)},{ends_on},1,,yes,\n")
    assert report.rejected == late
    assert ContractTerm.objects.count() == (0 if late else 121)


@pytest.mark.parametrize(
    "row", ["k1,acme,,1900-01-01,1900-01-02,1,,no,", "k1,acme,,1900-01-01,1900-01-02,1,,yes,paused"]
)
def test_old_terms_that_do_not_renew_are_history(load, acme, row):
    assert numbers(load("contracts", HEADER + row + "\n")) == (1, 0, 0, 0)
    assert terms() == [(date(1900, 1, 1), date(1900, 1, 2), 1)]


def test_without_its_last_row_the_one_before_it_counts(load, rejects, acme):
    days = "k1,acme,,1900-01-01,1900-01-02,1,,yes,\nk1,acme,,1900-01-02,1900-01-03,1,,yes,\n"
    assert numbers(load("contracts", HEADER + days)) == (0, 0, 0, 2)
    current = "k1,acme,,2026-01-01,2027-01-01,1,,yes,\n"
    assert numbers(load("contracts", HEADER + days + current)) == (3, 0, 0, 0)
    assert numbers(load("contracts", HEADER + days)) == (0, 0, 2, 0)  # the booked one is the last
    assert ContractTerm.objects.count() == 3


def test_a_file_that_makes_an_old_contract_renew_is_refused_too(load, rejects, acme):
    load("contracts", HEADER + "k1,acme,,1900-01-01,1900-01-02,1,,no,\n")
    assert numbers(load("contracts", HEADER + "k1,acme,,1900-01-01,,,,yes,\n")) == (0, 0, 0, 1)
    assert (Contract.objects.get().auto_renew, ContractTerm.objects.count()) == (False, 1)
