"""What whoever imports decides: what may replace what, and what becomes of rows that look like somebody."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm.accounts.models import Account, Contact
from crm.ledger.models import Contract
from tests import factories

pytestmark = pytest.mark.django_db


def numbers(report: Any) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.skipped, report.rejected


@pytest.mark.parametrize(
    ("policy", "there", "empty"),
    [("overwrite", "Logistics", "Logistics"), ("fill", "Steel", "Logistics"), ("keep", "Steel", "")],
)  # fmt: skip
def test_a_policy_is_for_rows_that_are_there(load: Any, policy: str, there: str, empty: str) -> None:
    factories.account("Acme", external_id="a1", industry="Steel")
    factories.account("Bolt", external_id="a2")
    text = "external_id,name,industry\na1,,Logistics\na2,,Logistics\na3,Cork,Logistics\n"
    load("accounts", text, policies={"industry": policy})
    found = Account.objects.order_by("external_id").values_list("industry", flat=True)
    assert list(found) == [there, empty, "Logistics"]


def test_what_is_kept_needs_not_be_right(load: Any, mira: Any) -> None:
    """An owner who cannot sign in rejects no row whose owner stays."""
    factories.account("Acme", external_id="a1", owner=mira)
    text = "external_id,name,owner_email\na1,Acme Ltd,nobody@x.example\n"
    assert numbers(load("accounts", text, policies={"owner_email": "keep"})) == (0, 1, 0, 0)
    assert Account.objects.get().owner == mira


def test_policies_of_people_and_contracts(load: Any) -> None:
    acme = factories.account("Acme", external_id="a1")
    factories.contact(acme, external_id="c1", first_name="Anna", title="")
    load(
        "contacts", "external_id,account_external_id,first_name,title\nc1,a1,Anne,Head\n",
        policies={"first_name": "fill", "title": "fill"},
    )  # fmt: skip
    assert Contact.objects.values_list("first_name", "title").get() == ("Anna", "Head")
    factories.contract(acme, "2026-01-01", external_id="k1", plan="Pro")
    load(
        "contracts", "external_id,account_external_id,starts_on,plan,mrr\nk1,a1,2026-01-01,Team,900\n",
        policies={"plan": "keep", "mrr": "keep"},
    )  # fmt: skip
    assert (Contract.objects.get().plan, Contract.objects.get().terms.get().mrr) == ("Pro", 100)


TWIN = "external_id,name,domain\na1,Kelp GmbH,\na2,Other,www.bolt.example\na3,New,\n"


@pytest.fixture
def kelp_and_bolt(db: None) -> None:
    factories.account("KELP")
    factories.account("Bolt", domain="bolt.example")


def test_twins_are_added_unless_somebody_says_otherwise(load: Any, kelp_and_bolt: None) -> None:
    assert numbers(load("accounts", TWIN)) == (3, 0, 0, 0)


def test_twins_are_left_out(load: Any, rejects: Any, kelp_and_bolt: None) -> None:
    assert numbers(load("accounts", TWIN, twins="leave")) == (1, 0, 0, 2)
    assert [row[3] for row in rejects("accounts")] == [
        "looks like a row that is there already: the same name",
        "looks like a row that is there already: the same domain",
    ]


def test_twins_are_taken_for_the_same(load: Any, kelp_and_bolt: None) -> None:
    assert numbers(load("accounts", TWIN, twins="match")) == (1, 2, 0, 0)
    assert list(Account.objects.order_by("external_id").values_list("external_id", "name")) == [
        ("a1", "Kelp GmbH"), ("a2", "Other"), ("a3", "New"),
    ]  # fmt: skip


def test_a_twin_with_another_id_is_not_taken_over(load: Any) -> None:
    factories.account("Kelp", external_id="old")
    assert numbers(load("accounts", "external_id,name\na1,Kelp\n", twins="match")) == (0, 0, 0, 1)
    assert Account.objects.get().external_id == "old"


def test_one_row_takes_the_twin(load: Any) -> None:
    factories.account("Kelp")
    assert numbers(load("accounts", "external_id,name\na1,Kelp\na2,Kelp\n", twins="match")) == (0, 1, 0, 1)


def test_companies_by_name_and_names_in_one_cell(load: Any, rejects: Any) -> None:
    acme = factories.account("Acme")
    factories.account("Twice")
    factories.account("twice")
    load(
        "contacts", "Person - Name,Person - Email - Work,Person - Organization,Person - Marketing status,Person - ID\n"
        "Anna Maria Meyer,a@x.example,ACME,Subscribed,1\nBen,b@x.example,Twice,,2\nC,c@x.example,Nobody,,3\n",
        preset="pipedrive",
    )  # fmt: skip
    anna = Contact.objects.get()
    assert (anna.account, anna.first_name, anna.last_name) == (acme, "Anna Maria", "Meyer")
    assert [row[3] for row in rejects("contacts")] == [
        "is the name of several customers", "is the name of no customer here",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--policy", "industry=never"], "no policy 'never'"),
        (["--policy", "external_id=keep"], "No policy goes with"),
        (["--policy", "industry"], "not of the form COLUMN=POLICY"),
    ],
)  # fmt: skip
def test_the_command_refuses_what_it_does_not_know(tmp_path: Any, words: list[str], reason: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("external_id,name\na1,Acme\n")
    with pytest.raises(CommandError, match=reason):
        call_command("import_csv", "accounts", str(path), *words)
    assert not Account.objects.exists()


def test_the_command_keeps_what_it_is_told_to(tmp_path: Any, capsys: Any) -> None:
    factories.account("Acme", external_id="a1", industry="Steel")
    path = tmp_path / "a.csv"
    path.write_text("external_id,industry,name\na1,Logistics,Acme Ltd\n")
    call_command("import_csv", "accounts", str(path), "--policy", "industry=keep", "--json")
    assert Account.objects.values_list("name", "industry").get() == ("Acme Ltd", "Steel")
