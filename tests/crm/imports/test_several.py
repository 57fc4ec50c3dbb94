"""Several columns of a file that go to one of ours: the first that is filled counts; of yes and no, any yes."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from crm.accounts.models import Account, Contact
from crm.imports.actions import FileRefused, running
from crm.imports.models import Import
from crm.outbox.models import Suppression
from tests import factories
from tests.conftest import NOON
from tests.crm.imports.test_pages import bring, chosen

pytestmark = pytest.mark.django_db

#: The preset looks at Phone first, wherever it stands.
PEOPLE = (
    "Id,AccountId,LastName,MobilePhone,Phone,HasOptedOutOfEmail,Email Opt Out,Email\n"
    "1,a1,A,0171 1,030 1,false,true,a@x.example\n2,a1,B,0171 2, ,,,b@x.example\n3,a1,C,,,true,false,\n"
)


def test_the_first_that_is_filled_counts_and_any_yes(load: Any) -> None:
    factories.account(external_id="a1")
    report = load("contacts", PEOPLE, preset="salesforce")
    assert (report.created, report.unknown_columns) == (3, ())
    assert report.columns["phone"] == "Phone or MobilePhone"
    assert list(Contact.objects.order_by("external_id").values_list("phone", flat=True)) == ["030 1", "0171 2", ""]
    assert set(Contact.objects.values_list("email_consent", flat=True)) == {"no", ""}
    assert list(Suppression.objects.values_list("address", flat=True)) == ["a@x.example"]


def test_a_mapping_may_name_several_from_the_left(load: Any, rejects: Any) -> None:
    text = "external_id,Firm,Brand,name\na1,,Kelp,x\na2,Bolt,Cork,x\na3,,,x\n"
    load("accounts", text, mapping={"Brand": "name", "Firm": "name"})
    assert list(Account.objects.order_by("external_id").values_list("name", flat=True)) == ["Kelp", "Bolt"]
    assert rejects("accounts") == [["4", "Firm or Brand", "", "is missing", "A new customer needs a name."]]


def test_the_cell_that_cannot_be_read_is_the_one_that_counts(load: Any, rejects: Any) -> None:
    factories.account(external_id="a1")
    text = "external_id,account_external_id,Work,Home,Left,Gone\nc1,a1,,nobody,,\nc2,a1,a@x.example,nobody,no,perhaps\n"
    load("contacts", text, mapping={"Work": "email", "Home": "email", "Left": "opted_out", "Gone": "opted_out"})
    assert [row[:4] for row in rejects("contacts")] == [
        ["2", "Work or Home", "nobody", "is not an e-mail address"],
        ["3", "Left or Gone", "perhaps", "is neither yes nor no"],
    ]


def test_what_identifies_stands_in_one_column(load: Any) -> None:
    with pytest.raises(FileRefused, match="Two columns of the file go to external_id"):
        load("accounts", "A,B,name\na1,b1,Kelp\n", mapping={"A": "external_id", "B": "external_id"})


def test_the_wizard_says_so_on_both_pages(client: Any, mira: Any) -> None:
    factories.account(external_id="a1", owner=mira)
    client.force_login(mira)
    bring(client, PEOPLE, "contacts")
    made = Import.objects.get()
    url = reverse("imports:mapping", args=[made.pk])
    lines = {line.title: (line.chosen, line.after) for line in client.get(url).context["form"].lines()}
    assert (lines["Phone"], lines["MobilePhone"]) == (("phone", ""), ("phone", "Taken where Phone is blank"))
    assert lines["Email Opt Out"] == ("opted_out", "A yes here or in HasOptedOutOfEmail counts")
    client.post(url, chosen(client, made))
    running.run(NOON)
    page = client.get(made.get_absolute_url()).content.decode()
    assert "<dt>Phone or MobilePhone</dt><dd>Phone, the first that is filled</dd>" in page
    made.refresh_from_db()
    assert made.created == 3


def test_titles_with_braces_are_put_in_once(load: Any, rejects: Any) -> None:
    """As templates of other systems have them: two that name each other would take turns for ever."""
    factories.account(external_id="a1")
    text = "external_id,account_external_id,{ends_on},{starts_on},mrr\nk1,a1,2026-05-01,2026-04-01,10\n"
    load("contracts", text, mapping={"{ends_on}": "starts_on", "{starts_on}": "ends_on"})
    ((_, column, _, reason, _),) = rejects("contracts")
    assert column == "{starts_on}"
    assert reason.startswith("is not after {")
