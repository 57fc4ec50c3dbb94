from dataclasses import replace
from datetime import date, timedelta

import pytest

from crm.accounts.models import Account
from crm.timeline.models import Pending
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

HEADER = "external_id,name,kind,domain,industry,country,owner_email,signed_up_on,primary_use_case,tags\n"


def numbers(report):
    return report.created, report.updated, report.skipped, report.rejected


def test_every_column_arrives(load, mira):
    report = load(
        "accounts",
        HEADER + "a1,Acme,person,https://WWW.Acme.Example/about,Logistics,de,MIRA@example.com,2025-03-31,Reports,"
        '"pilot, north;pilot"\n',
    )
    assert numbers(report) == (1, 0, 0, 0)
    account = Account.objects.get()
    assert (account.external_id, account.name, account.kind, account.domain) == ("a1", "Acme", "person", "acme.example")
    assert (account.industry, account.country, account.owner, account.primary_use_case) == (
        "Logistics", "DE", mira, "Reports",
    )  # fmt: skip
    assert (account.signed_up_on, account.tags) == (date(2025, 3, 31), ["pilot", "north"])
    assert (account.lifecycle, account.mrr, account.created_at, account.updated_at) == ("lead", 0, NOON, NOON)
    assert not Pending.objects.exists()


def test_again_changes_nothing(load):
    text = "external_id,name,tags\na1,Acme,pilot\na2,Bolt,\n"
    load("accounts", text)
    before = list(Account.objects.order_by("id").values())
    assert numbers(load("accounts", text, now=NOON + timedelta(days=1))) == (0, 0, 2, 0)
    assert list(Account.objects.order_by("id").values()) == before


def test_blank_cells_keep_and_filled_ones_replace(load, mira):
    factories.account("Acme", external_id="a1", industry="Logistics", owner=mira, tags=["kept"])
    report = load("accounts", "external_id,name,industry,owner_email,tags,domain\na1,Acme Ltd,,,pilot, \n")
    assert numbers(report) == (0, 1, 0, 0)
    account = Account.objects.get()
    assert (account.name, account.industry, account.owner) == ("Acme Ltd", "Logistics", mira)
    assert account.tags == ["kept", "pilot"]
    assert account.updated_at == NOON


def test_a_row_later_in_the_file_wins_cell_by_cell(load):
    report = load("accounts", "external_id,name,industry\na1,Acme,Logistics\na2,Bolt,\na1,Acme Ltd,\n")
    assert (numbers(report), report.repeated) == ((2, 0, 1, 0), 1)
    assert Account.objects.get(external_id="a1").name == "Acme Ltd"
    assert Account.objects.get(external_id="a1").industry == "Logistics"


def test_unknown_and_inactive_owners_reject_the_row(load, rejects, mira, make_user):
    make_user("Gone", is_active=False)
    report = load(
        "accounts",
        "external_id,name,owner_email\na1,A,nobody@example.com\na2,B,gone@example.com\na3,C,mira@example.com\n",
    )
    assert numbers(report) == (1, 0, 0, 2)
    assert [row[:4] for row in rejects("accounts")] == [
        ["2", "owner_email", "nobody@example.com", "is nobody who can sign in here"],
        ["3", "owner_email", "gone@example.com", "is nobody who can sign in here"],
    ]
    assert Account.objects.get().external_id == "a3"


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (",Acme,,,,,,,,", "external_id", "is missing"),
        ("a1,,,,,,,,,", "name", "is missing"),
        (f"a1,{'x' * 201},,,,,,,,", "name", "has 201 characters; 200 fit"),
        ("a1,Acme,club,,,,,,,", "kind", "is not one of the choices"),
        ("a1,Acme,,not a domain,,,,,,", "domain", "is not a domain"),
        ("a1,Acme,,,,Nowhere,,,,", "country", "is not a country"),
        ("a1,Acme,,,,,,31/3/2025,,", "signed_up_on", "could be either of two dates"),
        ("a1,Acme,,,,,,2025-02-30,,", "signed_up_on", "is not a day of the calendar"),
        (f"a1,Acme,,,,,,,,{'t' * 61}", "tags", "has a tag that is too long"),
        ("a1,Acme,,,,,,,", "", "has 9 cells, the header 10"),
        ("a1,Acme,,,,,,,,,", "", "has 11 cells, the header 10"),
    ],
)
def test_what_rejects_a_row(load, rejects, row, column, reason):
    report = load("accounts", f"{HEADER}{row}\na2,Bolt,,,,,,,,\n")
    assert numbers(report) == (1, 0, 0, 1)
    line, at, _, why, remedy = rejects("accounts")[0]
    assert (line, at, why) == ("2", column, reason)
    assert remedy.endswith(".")
    assert list(Account.objects.values_list("external_id", flat=True)) == ["a2"]


def test_all_that_is_wrong_with_a_row_is_said_at_once_and_counts_once(load, rejects):
    report = load("accounts", "external_id,name,country,kind\na1,A,Nowhere,club\n")
    assert report.rejected == 1
    assert [row[1] for row in rejects("accounts")] == ["country", "kind"]


def test_lines_are_those_of_the_file(load, rejects):
    load("accounts", '\n\nexternal_id,name,country\n\na1,"two\nlines",DE\na2,B,Nowhere\n')
    assert [row[0] for row in rejects("accounts")] == ["7"]
    assert Account.objects.get().name == "two\nlines"


def test_a_new_account_fits_all_200_characters(load):
    assert load("accounts", f"external_id,name\n{'i' * 120},{'ü' * 200}\n").created == 1


def test_a_dry_run_says_the_same_and_changes_nothing(load, rejects):
    factories.account("Acme", external_id="a1")
    text = "external_id,name,country\na1,Acme Ltd,\na2,Bolt,\na3,C,Nowhere\n"
    dry = load("accounts", text, dry_run=True)
    assert numbers(dry) == (1, 1, 0, 1)
    assert len(rejects("accounts")) == 1
    assert Account.objects.get().name == "Acme"
    assert replace(load("accounts", text), import_id=None) == dry
    assert Account.objects.count() == 2
