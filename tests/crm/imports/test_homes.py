"""People whose customer is not here, or who name none: where they land, and that an undo takes it back."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from crm.accounts.models import Account, Contact
from crm.imports.actions import running
from crm.imports.actions.undoing import undo_import
from crm.imports.models import Import
from tests import factories
from tests.conftest import NOON
from tests.crm.imports.test_pages import bring, chosen
from tests.crm.imports.test_vcards import MIDDLE, NEW, OLD

pytestmark = pytest.mark.django_db

ALONE = "BEGIN:VCARD\nVERSION:3.0\nFN:Carla Alt\nN:Alt;Carla;;;\nTEL:030 4\nEND:VCARD\n"
HEADER = "external_id,Company,first_name,last_name,email\n"
FIRM = {"Company": "account_name"}
BOTH = ("company", "person")


def homes() -> list[tuple[str, str, list[str]]]:
    return [
        (account.name, account.kind, list(account.contacts.order_by("id").values_list("last_name", flat=True)))
        for account in Account.objects.order_by("id")
    ]


def test_a_phone_book_lands_whole_and_an_undo_takes_it_back(load: Any) -> None:
    report = load("contacts", OLD + MIDDLE + NEW + ALONE)
    assert (report.created, report.rejected, report.homes) == (4, 0, 2)
    assert homes() == [("Kelp, Ltd", "company", ["Müller", "Meyer", "Bolt"]), ("Carla Alt", "person", ["Alt"])]
    assert load("contacts", OLD + MIDDLE + NEW + ALONE).skipped == 4
    assert Account.objects.count() == 2
    undo_import(Import.objects.order_by("id")[0], None, NOON)
    assert (Account.objects.count(), Contact.objects.count()) == (0, 0)


def test_an_undo_keeps_the_customer_whom_somebody_has_worked_with(load: Any) -> None:
    load("contacts", ALONE + MIDDLE)
    kelp = Account.objects.get(kind="company")
    factories.contact(kelp, last_name="Later")
    made = Import.objects.get()
    undo_import(made, None, NOON)
    assert homes() == [("Kelp, Ltd", "company", ["Later"])]
    assert [(row.name, row.reason) for row in made.kept.all()] == [("Kelp, Ltd", "it has one person")]


@pytest.mark.parametrize(
    ("row", "home"),
    [
        ("c1,KELP & Co.,Ann,A,ann@x.example", "Kelp GmbH"),  # the name without its legal form
        ("c1,Kelp Europe,Ann,A,ann@kelp.example", "Kelp GmbH"),  # the domain
        ("c1,,Ann,A,ann@kelp.example", "Kelp GmbH"),
        ("c1,,Dora,Own,", "Dora Own"),  # a customer who is a person, of the same name
        ("c1,,Dora,Own,dora@new.example", "Dora Own"),
        ("c1,,Kelp,,", "Kelp"),  # a person is no company
        ("c1,Twin,Ann,A,ann@twin.example", "Twin"),  # several customers share the domain: it tells nothing
        ("c1,,Ann,A,ann@gmail.com", "Ann A"),
        ("c1,,,,ann@new.example", "ann@new.example"),
    ],
)
def test_whoever_looks_like_a_customers_is_theirs(load: Any, row: str, home: str) -> None:
    factories.account("Kelp GmbH", domain="kelp.example")
    factories.account("One", domain="twin.example")
    factories.account("Two", domain="twin.example")
    factories.account("Mailers", domain="gmail.com")
    factories.contact(factories.account("Dora Own", kind="person"), email=None)
    before = Account.objects.count()
    report = load("contacts", f"{HEADER}{row}\n", mapping=FIRM, makes=BOTH)
    assert report.created == 1
    account = Contact.objects.get(external_id="c1").account
    assert (account.name, Account.objects.count() - before) == (home, report.homes)
    assert report.homes == (home in ("Kelp", "Twin", "Ann A", "ann@new.example"))


def test_another_of_the_same_name_gets_a_home_of_their_own(load: Any) -> None:
    factories.contact(factories.account("Dora Own", kind="person"), email="dora@x.example")
    load("contacts", f"{HEADER}c1,,Dora,Own,dora@y.example\nc2,,Dora,Own,dora@z.example\n", mapping=FIRM, makes=BOTH)
    assert [name for name, _, _ in homes()] == ["Dora Own"] * 3


def test_who_is_known_stays_where_they_are(load: Any) -> None:
    bolt = factories.account("Bolt")
    anna = factories.contact(bolt, email="anna@kelp.example", first_name="", phone="")
    report = load("contacts", f"{HEADER}c1,Kelp,Anna,,anna@kelp.example\n", mapping=FIRM, makes=BOTH)
    anna.refresh_from_db()
    assert (report.updated, report.homes, anna.account, anna.first_name) == (1, 0, bolt, "Anna")


def test_a_row_that_is_refused_leaves_no_customer_behind(load: Any, rejects: Any) -> None:
    text = "external_id,Company,roles\nc1,Kelp,dances\nc2,Bolt,decides\n"
    report = load("contacts", text, mapping=FIRM, makes=BOTH)
    assert (report.created, report.rejected, report.homes) == (1, 1, 1)
    assert [name for name, _, _ in homes()] == ["Bolt"]


@pytest.mark.parametrize(
    ("makes", "reasons"),
    [
        ((), ["is the name of no customer here", "is missing"]), (("company",), ["is missing"]),
        (("person",), ["is the name of no customer here"]),
    ],
)  # fmt: skip
def test_nothing_is_made_that_nobody_wants(load: Any, rejects: Any, makes: Any, reasons: list[str]) -> None:
    report = load("contacts", MIDDLE + ALONE, makes=makes)
    assert [row[3] for row in rejects("contacts")] == reasons
    assert report.homes == Account.objects.count() == 2 - len(reasons)
    assert report.homes == report.created


def test_the_wizard_offers_shows_and_makes_them(client: Any, mira: Any) -> None:
    client.force_login(mira)
    bring(client, MIDDLE + ALONE, "contacts", "people.vcf")
    made = Import.objects.get()
    url = reverse("imports:mapping", args=[made.pk])
    form = client.get(url).context["form"]
    assert [(name, so) for name, _, so in form.makes()] == [("company", True), ("person", True)]
    client.post(url, chosen(client, made, **{"make-company": "on"}))
    running.run(NOON)
    page = client.get(made.get_absolute_url()).content.decode()
    assert "1 customer is made" in page
    assert "Customers that are made" in page
    client.post(url, chosen(client, made, **{"make-company": "on", "make-person": "on"}))
    running.run(NOON)
    page = client.get(made.get_absolute_url()).content.decode()
    assert "2 customers are made" in page
    assert "Carla Alt" in page
    client.post(reverse("imports:loading", args=[made.pk]))
    running.run(NOON)
    assert set(Account.objects.values_list("name", "owner")) == {("Kelp, Ltd", mira.pk), ("Carla Alt", mira.pk)}
    shown = client.get(f"{reverse('imports:rows', args=[made.pk])}?role=homes").content.decode()
    assert "Carla Alt" in shown
    assert "Carla Alt" in client.get(f"{reverse('imports:rows', args=[made.pk])}").content.decode()


def test_a_list_of_people_alone_needs_no_customers_column(client: Any, mira: Any) -> None:
    client.force_login(mira)
    bring(client, "Name,E-mail\nAnn A,ann@x.example\n", "contacts")
    made = Import.objects.get()
    url = reverse("imports:mapping", args=[made.pk])
    assert client.post(url, chosen(client, made)).status_code == 422
    client.post(url, chosen(client, made, **{"make-person": "on"}))
    running.run(NOON)
    client.post(reverse("imports:loading", args=[made.pk]))
    running.run(NOON)
    assert homes() == [("Ann A", "person", ["A"])]
