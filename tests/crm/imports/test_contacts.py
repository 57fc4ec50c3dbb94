from datetime import date

import pytest

from crm.accounts.models import Contact
from crm.outbox.models import MailPolicy, Suppression
from crm.outbox.policy import go_live
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db

SHORT = "external_id,account_external_id,email,first_name\n"


def numbers(report):
    return report.created, report.updated, report.skipped, report.rejected


@pytest.fixture
def acme(db):
    return factories.account("Acme", external_id="acme")


@pytest.fixture
def bolt(db):
    return factories.account("Bolt", external_id="bolt")


def test_every_column_arrives(load, acme):
    report = load(
        "contacts",
        "external_id,account_external_id,first_name,last_name,email,phone,title,timezone,language,birthday,"
        "email_consent,is_primary\n"
        "c1,acme,Anna,Meyer,Anna@ACME.example,+49 30 1,Head,europe/berlin,de,1984-02-29,Yes,yes\n",
    )
    assert numbers(report) == (1, 0, 0, 0)
    contact = Contact.objects.get()
    assert (contact.account, contact.external_id, contact.name) == (acme, "c1", "Anna Meyer")
    assert (contact.email, contact.phone, contact.title) == ("anna@acme.example", "+49 30 1", "Head")
    assert (contact.timezone, contact.language, contact.birthday) == ("Europe/Berlin", "de", date(1984, 2, 29))
    assert (contact.email_consent, contact.is_primary) == ("yes", True)


def test_email_or_external_id_identifies(load, acme):
    load("contacts", SHORT + "c1,acme,anna@acme.example,Anna\n,acme,ben@acme.example,Ben\n")
    report = load("contacts", SHORT + ",,ANNA@acme.example,Anne\nc2,,ben@acme.example,\nc1,,,Annie\n")
    assert (numbers(report), report.repeated) == ((0, 2, 1, 0), 1)
    assert list(Contact.objects.order_by("email").values_list("external_id", "email", "first_name")) == [
        ("c1", "anna@acme.example", "Annie"), ("c2", "ben@acme.example", "Ben"),
    ]  # fmt: skip


def test_an_email_of_somebody_else_is_refused(load, rejects, acme):
    load("contacts", SHORT + "c1,acme,anna@acme.example,Anna\nc2,acme,ben@acme.example,Ben\n")
    report = load("contacts", SHORT + "c3,acme,anna@acme.example,X\nc2,acme,anna@acme.example,Y\n")
    assert numbers(report) == (0, 0, 0, 2)
    assert {row[3] for row in rejects("contacts")} == {
        "belongs to a contact with another external_id", "is in an earlier row of the file under another external_id",
    }  # fmt: skip
    assert list(Contact.objects.order_by("pk").values_list("external_id", "email", "first_name")) == [
        ("c1", "anna@acme.example", "Anna"), ("c2", "ben@acme.example", "Ben"),
    ]  # fmt: skip


def test_two_new_people_cannot_share_an_address(load, rejects, acme):
    report = load("contacts", SHORT + "c1,acme,a@acme.example,Anna\nc2,acme,a@acme.example,Ben\n")
    assert numbers(report) == (1, 0, 0, 1)
    assert rejects("contacts")[0][:2] == ["3", "email"]
    assert Contact.objects.get().external_id == "c1"


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("c1,nowhere,a@x.example,A", "account_external_id", "is the id of no customer here"),
        ("c1,,a@x.example,A", "account_external_id", "is missing"),
        (",acme,,A", "external_id", "external_id or email is missing"),
        ("c1,acme,not an address,A", "email", "is not an e-mail address"),
        ("c1,acme,a@localhost,A", "email", "is not an e-mail address"),
        ("c1,acme,a@b.example;c@d.example,A", "email", "is not an e-mail address"),
    ],
)
def test_what_rejects_a_row(load, rejects, acme, row, column, reason):
    assert numbers(load("contacts", SHORT + row + "\n")) == (0, 0, 0, 1)
    assert rejects("contacts")[0][1:2] + rejects("contacts")[0][3:4] == [column, reason]
    assert not Contact.objects.exists()
    assert MailPolicy.objects.filter(mode="hold").count() == 0


def test_a_wrong_time_zone_comes_with_suggestions(load, rejects, acme):
    load("contacts", "external_id,account_external_id,timezone\nc1,acme,Europe/Berlim\nc2,acme,berlin\nc3,acme,Mars\n")
    assert [row[3:] for row in rejects("contacts")] == [
        ["is not a time zone", "Did you mean Europe/Berlin or Europe/Dublin or Europe/Rome?"],
        ["is not a time zone", "Did you mean Europe/Berlin?"],
        ["is not a time zone", "Write a name of the tz database, such as Europe/Berlin."],
    ]


def test_a_new_primary_contact_takes_the_place_of_the_old(load, acme, bolt):
    old = factories.contact(acme, is_primary=True)
    other = factories.contact(bolt, is_primary=True)
    header = "external_id,account_external_id,is_primary\n"
    assert numbers(load("contacts", header + "c1,acme,yes\nc2,acme,yes\n")) == (2, 0, 0, 0)
    assert list(acme.contacts.filter(is_primary=True).values_list("external_id", flat=True)) == ["c2"]
    old.refresh_from_db()
    other.refresh_from_db()
    assert (old.is_primary, other.is_primary) == (False, True)
    assert numbers(load("contacts", header + "c2,acme,\n")) == (0, 0, 1, 0)
    assert numbers(load("contacts", header + "c1,acme,yes\n")) == (0, 1, 0, 0)
    assert list(acme.contacts.filter(is_primary=True).values_list("external_id", flat=True)) == ["c1"]
    assert numbers(load("contacts", header + "c1,acme,no\n")) == (0, 1, 0, 0)
    assert not acme.contacts.filter(is_primary=True).exists()


def test_who_moves_leaves_the_primary_place_behind(load, acme, bolt):
    moving = factories.contact(acme, external_id="c1", is_primary=True)
    staying = factories.contact(bolt, is_primary=True)
    assert load("contacts", "external_id,account_external_id\nc1,bolt\n").updated == 1
    moving.refresh_from_db()
    staying.refresh_from_db()
    assert (moving.account, moving.is_primary, staying.is_primary) == (bolt, False, True)


def test_a_refusal_stands_whatever_an_older_file_says(load, acme):
    text = "external_id,account_external_id,email_consent\nc1,acme,yes\nc2,acme,no\nc3,acme,\n"
    load("contacts", text)
    Contact.objects.filter(external_id="c1").update(email_consent="no")  # unsubscribed since
    assert numbers(load("contacts", text)) == (0, 0, 3, 0)
    assert numbers(load("contacts", text.replace("c2,acme,no", "c2,acme,yes").replace("c3,acme,", "c3,acme,yes"))) == (
        0, 1, 2, 0,
    )  # fmt: skip
    assert list(Contact.objects.order_by("external_id").values_list("email_consent", flat=True)) == ["no", "no", "yes"]
    assert not Suppression.objects.exists()


def test_the_first_people_put_mail_on_hold(load, acme):
    text = SHORT + "c1,acme,a@acme.example,A\n"
    assert load("contacts", text, dry_run=True).holds_mail is True
    assert not MailPolicy.objects.filter(mode="hold").exists()
    assert load("contacts", text).holds_mail is True
    assert MailPolicy.objects.get().mode == "hold"
    go_live(NOON)
    assert load("contacts", SHORT + "c2,acme,b@acme.example,B\n").holds_mail is False
    assert MailPolicy.objects.get().mode == "live"


def test_accounts_do_not_hold_mail(load):
    assert load("accounts", "external_id,name\na1,A\n").holds_mail is False
    assert not MailPolicy.objects.filter(mode="hold").exists()


def test_nothing_happens_for_the_past(load, acme):
    load("contacts", SHORT + "c1,acme,a@acme.example,A\n")
    assert not TimelineEntry.objects.exists()
