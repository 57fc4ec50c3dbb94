"""What was exported here comes back as it was, also rows that no other system has given an id."""

from pathlib import Path
from typing import Any

import pytest

from crm.accounts.models import Account, Alias, Contact
from crm.imports.actions import import_file
from crm.imports.actions.exporting import SUBJECTS, stream
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def load(kind: str, text: str) -> tuple[int, int, int, int]:
        path = tmp_path / "rows.csv"
        path.write_text(text)
        report = import_file(kind, path, now=NOON)
        return report.created, report.updated, report.skipped, report.rejected

    return load


@pytest.mark.parametrize(("subject", "kind"), [("account", "accounts"), ("contact", "contacts")])
def test_rows_without_an_id_elsewhere_come_back_unchanged(subject: str, kind: str, load: Any, ada: Any) -> None:
    acme = factories.account("Acme", tags=["vip", "north"])
    factories.account("Acme", external_id="a2")  # of the same name
    factories.contact(acme, first_name="Anna", email=None, phone="030 1234567")
    rows = SUBJECTS[subject].model.objects.all()
    columns = [name for name, column in SUBJECTS[subject].columns.items() if column.chosen]
    assert "our_id" in columns
    text = "".join(stream(subject, rows, columns, ada, NOON, {}))
    before = list(rows.order_by("pk").values())
    assert load(kind, text) == (0, 0, len(before), 0)
    assert list(rows.order_by("pk").values()) == before


def test_our_id_finds_a_row_only_where_nothing_else_is_said_and_leads_on_after_a_merge(load: Any) -> None:
    acme, bolt = factories.account("Acme"), factories.account("Bolt", external_id="b1")
    assert load("accounts", f"our_id,external_id,name\n{acme.pk},,Acme Ltd\n{acme.pk},b1,Bolt Ltd\n") == (0, 2, 0, 0)
    assert list(Account.objects.order_by("pk").values_list("name", "external_id")) == [
        ("Acme Ltd", None), ("Bolt Ltd", "b1"),
    ]  # fmt: skip
    Alias.objects.create(subject="account", kind="id", value="999999", account=bolt)
    assert load("accounts", "our_id,name\n999999,Bolt & Co\n") == (0, 1, 0, 0)
    assert Account.objects.get(pk=bolt.pk).name == "Bolt & Co"


def test_a_number_of_nobody_is_refused_and_nobody_is_made(load: Any) -> None:
    assert load("accounts", "our_id,name\n123456,Acme\n") == (0, 0, 0, 1)
    assert load("contacts", "our_id,account_external_id,first_name\n123456,,Anna\n") == (0, 0, 0, 1)
    assert not Account.objects.exists()
    assert not Contact.objects.exists()
