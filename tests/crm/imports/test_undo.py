"""An import taken back: what it made goes, what it changed goes back, and what somebody has worked with stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction

from crm.accounts.models import Account, Contact
from crm.history.actions import UndoError, act, undo
from crm.history.models import Act
from crm.imports.actions.undoing import undo_import
from crm.imports.models import Import
from crm.ledger.actions import project
from crm.ledger.models import Contract, ContractTerm, MrrMovement
from crm.outbox.models import Suppression
from crm.timeline.models import Pending, TimelineEntry
from crm.todos.actions import NewTask, create
from crm.web import clock
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=3)


def take_back(by: Any = None, now: Any = LATER) -> Import:
    made = Import.objects.get()
    undo_import(made, by, now)
    return Import.objects.get()


def kept(made: Import) -> list[tuple[str, str, str]]:
    return list(made.kept.order_by("id").values_list("name", "field", "reason"))


def edit(row: Any, by: Any, **fields: Any) -> None:
    """As a person does on a page."""
    with act("edit", "", by, NOON + timedelta(hours=1)):
        type(row).objects.filter(pk=row.pk).update(**fields)


def test_new_rows_go_and_changed_fields_go_back(load: Any, ada: Any) -> None:
    old = factories.account("Acme", external_id="a1", industry="Steel", tags=["pilot"])
    load("accounts", "external_id,name,industry,tags\na1,Acme Ltd,Logistics,north\na2,Bolt,,\na3,Cork,,\n")
    assert Account.objects.count() == 3
    made = take_back(ada)
    assert list(Account.objects.values_list("name", "industry", "tags")) == [("Acme", "Steel", ["pilot"])]
    assert (made.state, made.undone_by, made.undone_at, kept(made)) == ("undone", ada, LATER, [])
    assert (made.report["removed"], made.report["reverted"]) == (2, 1)
    assert Account.objects.get().pk == old.pk


def test_no_check_of_what_went_waits_for_the_commit(load: Any, ada: Any) -> None:
    load("accounts", "external_id,name\na1,Acme\na2,Bolt\n")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # those that the import has left
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        take_back(ada)
        cursor.execute("ALTER TABLE crm_account SET (fillfactor = 90)")  # refused while a check of its rows waits
        Account.objects.filter(pk=factories.account("Cork").pk).delete()
        with pytest.raises(OperationalError, match="pending trigger events"):
            cursor.execute("ALTER TABLE crm_account SET (fillfactor = 90)")  # others wait as ever


def test_what_was_derived_goes_with_its_account(load: Any) -> None:
    load("accounts", "external_id,name\na1,Acme\n")
    load("contracts", "external_id,account_external_id,starts_on,ends_on,mrr\nk1,a1,2026-01-01,2027-01-01,50\n")
    contracts, accounts = Import.objects.order_by("-kind")
    project([Account.objects.get().pk], NOON)
    undo_import(contracts, None, LATER)
    assert MrrMovement.objects.exists()  # appended to for ever, as long as there is an account
    undo_import(accounts, None, LATER)
    assert not Account.objects.exists()
    assert not MrrMovement.objects.exists()


def test_what_somebody_edited_since_is_kept_and_named(load: Any, mira: Any) -> None:
    acme = factories.account("Acme", external_id="a1", industry="Steel", country="DE")
    load("accounts", "external_id,name,industry,country\na1,Acme Ltd,Logistics,FR\na2,Bolt,,\na3,Cork,,\n")
    bolt = Account.objects.get(name="Bolt")
    edit(acme, mira, industry="Shipping")
    edit(bolt, mira, industry="Metal")
    made = take_back()
    assert kept(made) == [("Bolt", "", "Mira edited it since"), ("Acme", "industry", "Mira edited it since")]
    acme.refresh_from_db()
    assert (acme.name, acme.industry, acme.country) == ("Acme", "Shipping", "DE")
    assert sorted(Account.objects.values_list("name", flat=True)) == ["Acme", "Bolt"]


def test_rows_that_somebody_works_with_stay_with_the_reason(load: Any, mira: Any) -> None:
    load("accounts", "external_id,name\na1,Acme\na2,Bolt\na3,Cork\na4,Dune\n")
    acme, bolt, cork = (Account.objects.get(external_id=name) for name in ("a1", "a2", "a3"))
    create([NewTask("Call", NOON, account_id=acme.pk), NewTask("Write", NOON, account_id=acme.pk)])
    TimelineEntry.objects.create(account=bolt, kind="note.written", occurred_at=NOON, source="person", text="Hello")
    factories.contact(cork)
    made = take_back()
    assert [(name, reason) for name, _, reason in kept(made)] == [
        ("Acme", "it has 2 tasks"), ("Bolt", "it has one entry"), ("Cork", "it has one person"),
    ]  # fmt: skip
    assert Account.objects.count() == 3


def test_what_new_people_took_is_free_again(load: Any) -> None:
    """The place of the primary contact, and an address, go back to whom they belonged to."""
    acme = factories.account("Acme", external_id="a1")
    anna = factories.contact(acme, external_id="c1", email="anna@x.example", is_primary=True)
    load(
        "contacts",
        "external_id,account_external_id,email,is_primary\nc1,a1,a.meyer@x.example,\nc2,a1,anna@x.example,yes\n",
    )
    made = take_back()
    anna.refresh_from_db()
    assert (anna.email, anna.is_primary, Contact.objects.count(), kept(made)) == ("anna@x.example", True, 1, [])


def test_numbers_are_compared_by_what_they_are_again(load: Any) -> None:
    acme = factories.account("Acme", external_id="a1", country="DE")
    anna = factories.contact(acme, external_id="c1", phone="030 1234567")
    assert anna.match_phone == "+49301234567"
    load("contacts", "external_id,account_external_id,phone\nc1,a1,+49 40 7654321\n")
    assert Contact.objects.get().match_phone == "+49407654321"
    take_back()
    assert Contact.objects.values_list("phone", "match_phone").get() == ("030 1234567", "+49301234567")


def test_who_opted_out_stays_out(load: Any) -> None:
    factories.account("Acme", external_id="a1")
    load("contacts", "Id,AccountId,Email,HasOptedOutOfEmail\nc1,a1,a@x.example,true\n", preset="salesforce")
    take_back()
    assert (Contact.objects.count(), Suppression.objects.get().address) == (0, "a@x.example")


def test_contracts_go_with_their_terms_and_the_account_follows(load: Any) -> None:
    acme = factories.account("Acme", external_id="a1")
    old = factories.contract(acme, clock.today(NOON) - timedelta(days=30), external_id="k0", mrr=100)
    load(
        "contracts",
        "external_id,account_external_id,plan,starts_on,ends_on,mrr,auto_renew\n"
        "k0,a1,Basic,2026-05-02,,80,\nk1,a1,Team,2024-01-01,2025-01-01,50,yes\n",
    )
    acme.refresh_from_db()
    assert (acme.mrr, ContractTerm.objects.count(), TimelineEntry.objects.count()) == (130, 4, 4)
    made = take_back()
    acme.refresh_from_db()
    assert (acme.mrr, acme.lifecycle, kept(made)) == (100, "customer", [])
    assert (Contract.objects.get(), Contract.objects.get().plan, ContractTerm.objects.count()) == (old, "Pro", 1)
    assert not TimelineEntry.objects.exists()


def test_a_contract_with_a_term_of_somebody_stays(load: Any) -> None:
    factories.account("Acme", external_id="a1")
    load("contracts", "external_id,account_external_id,starts_on,ends_on,mrr\nk1,a1,2026-01-01,2027-01-01,50\n")
    ContractTerm.objects.create(contract=Contract.objects.get(), starts_on="2027-01-01", mrr=60)
    made = take_back()
    assert [(name, reason) for name, _, reason in kept(made)] == [
        (str(Contract.objects.get()), "it has one contract term")
    ]
    assert ContractTerm.objects.get().mrr == 60


def test_of_two_imports_the_later_goes_first(load: Any) -> None:
    load("accounts", "external_id,name\na1,Acme\n")
    load("accounts", "external_id,name\na1,Acme Ltd\n")
    first, second = Import.objects.order_by("id")
    undo_import(first, None, LATER)
    assert kept(first) == [("Acme Ltd", "", "another import edited it since")]
    undo_import(second, None, LATER)
    assert Account.objects.get().name == "Acme"


def test_history_undoes_it_as_well(load: Any, ada: Any) -> None:
    load("accounts", "external_id,name\na1,Acme\n")
    done = undo(Act.objects.get(kind="import.loaded"), ada, LATER)
    assert (done.reverted, Account.objects.count(), Import.objects.get().state) == (1, 0, "undone")


def test_undone_once(load: Any) -> None:
    load("accounts", "external_id,name\na1,Acme\n")
    take_back()
    with pytest.raises(UndoError):
        undo_import(Import.objects.get(), None, LATER)


@pytest.mark.parametrize(
    ("days", "possible"), [(timedelta(days=30) - timedelta(seconds=1), True), (timedelta(days=30), False)]
)
def test_for_thirty_days(load: Any, days: timedelta, possible: bool) -> None:
    load("accounts", "external_id,name\na1,Acme\n")
    assert Import.objects.get().undoable(NOON + days) is possible


def test_the_command(load: Any, capsys: Any) -> None:
    load("accounts", "external_id,name\na1,Acme\na2,Bolt\n")
    create([NewTask("Call", NOON, account_id=Account.objects.get(name="Acme").pk)])
    pk = str(Import.objects.get().pk)
    with pytest.raises(SystemExit) as caught:
        call_command("undo_import", pk)
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (1, "removed 1\nreverted 0\nkept 1\n")
    assert err == "Acme: kept, because it has one task\n"
    with pytest.raises(CommandError, match="undone already") as refused:
        call_command("undo_import", pk)
    assert refused.value.returncode == 2
    assert Account.objects.get().name == "Acme"


def test_an_edit_that_was_undone_is_no_reason_to_keep_a_row(load: Any, ada: Any) -> None:
    load("accounts", "external_id,name\na1,Acme\n")
    first = Import.objects.get()
    with act("account.renamed", "renamed Acme", ada, NOON) as renamed:
        Account.objects.update(name="Acme & Co")
    undo(renamed, ada, NOON)
    with transaction.atomic():
        undo_import(first, ada, NOON)
    assert not Account.objects.exists()


def test_what_a_file_says_of_consent_stands_in_the_timeline_and_goes_with_the_file(load: Any) -> None:
    acme = factories.account("Acme", external_id="a1")
    anna = factories.contact(acme, external_id="p1", first_name="Anna", last_name="Meyer", email_consent="")
    ben = factories.contact(acme, external_id="p2", email_consent="no")
    load("contacts", "external_id,account_external_id,email_consent\np1,,yes\np2,,yes\np3,a1,yes\n")
    entry = TimelineEntry.objects.get(kind="contact.consent_changed")
    assert (entry.contact, entry.text, entry.source) == (anna, "Anna Meyer agreed to mail, as a file says", "import")
    assert Contact.objects.get(pk=ben.pk).email_consent == "no"  # a refusal stands, so nothing was said
    assert not Pending.objects.exists()
    with transaction.atomic():
        undo_import(Import.objects.get(), None, NOON)
    assert not TimelineEntry.objects.filter(kind="contact.consent_changed").exists()
    assert Contact.objects.get(pk=anna.pk).email_consent == ""
    assert Contact.objects.count() == 2
