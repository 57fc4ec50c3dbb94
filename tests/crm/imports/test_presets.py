import pytest

from crm.accounts.models import Account, Contact
from crm.outbox.models import Suppression
from crm.team.models import User
from tests import factories

pytestmark = pytest.mark.django_db


def numbers(report):
    return report.created, report.updated, report.skipped, report.rejected


def test_owners_are_found_by_their_full_name(load, rejects, mira, make_user):
    make_user("Two Names", role="agent")
    User.objects.create_user("two@example.com", name="two  names", role="agent")
    User.objects.create_user("gone@example.com", name="Gone", role="agent", is_active=False)
    text = (
        "Record ID,Company name,Company owner,Company owner email\n"
        f"1,A, {mira.name.upper()} ,\n2,B,Mira (MIRA@example.com),\n3,C,Nobody,mira@example.com\n4,D,,\n"
        "5,E,Two  Names,\n6,F,Gone,\n7,G,Nobody,\n"
    )
    assert numbers(load("accounts", text, preset="hubspot")) == (4, 0, 0, 3)
    owners = dict(Account.objects.values_list("name", "owner__email"))
    assert owners == {"A": mira.email, "B": mira.email, "C": mira.email, "D": None}
    owner = "Company owner email or Company owner"
    remedy = "Write their e-mail address, invite them first, or leave it blank."
    nobody = "is the name of nobody who can sign in here"
    assert rejects("accounts") == [
        ["6", owner, "Two Names", "is the name of several colleagues",
         "Write the e-mail address of the one who is meant."],
        ["7", owner, "Gone", nobody, remedy], ["8", owner, "Nobody", nobody, remedy],
    ]  # fmt: skip


def test_hubspot_companies_and_contacts(load, mira):
    report = load(
        "accounts",
        "Record ID,Company name,Company Domain Name,Company owner,Create Date\n"
        "77,Acme,acme.example,Mira,2024-03-12 09:14\n",
        preset="hubspot",
    )
    assert numbers(report) == (1, 0, 0, 0)
    assert report.unknown_columns == ("Create Date",)
    assert Account.objects.get().owner == mira
    text = (
        "Record ID,First Name,Last Name,Email,Phone Number,Lifecycle Stage,Date of birth,Associated Company IDs,"
        "Unsubscribed from all email\n"
        '1,Anna,M,Anna@acme.example,030,customer,3/15/1984,"77;78",false\n'
        "2,Ben,B,ben@acme.example,,lead,,77,true\n"
    )
    assert numbers(load("contacts", text, preset="hubspot")) == (2, 0, 0, 0)
    anna, ben = Contact.objects.order_by("external_id")
    assert (anna.account.external_id, anna.email, str(anna.birthday)) == ("77", "anna@acme.example", "1984-03-15")
    assert (anna.email_consent, ben.email_consent) == ("", "no")
    assert list(Suppression.objects.values_list("address", flat=True)) == ["ben@acme.example"]
    assert numbers(load("contacts", text, preset="hubspot")) == (0, 0, 2, 0)


def test_salesforce_skips_what_is_deleted_and_never_consents(load):
    Account.objects.create(external_id="001A0000006Vm9rIAC", name="Acme")
    agreed = factories.contact(Account.objects.get(), external_id="003A0000006Vm9rIAC", email_consent="yes")
    report = load(
        "contacts",
        "Id,IsDeleted,MasterRecordId,AccountId,LastName,FirstName,Email,HasOptedOutOfEmail\n"
        "003A0000006Vm9rIAC,false,,001A0000006Vm9r,Meyer,Anna,,true\n"
        "003A0000006Vm9sIAC,true,003A0000006Vm9rIAC,001A0000006Vm9r,Gone,G,g@x.example,true\n"
        "003A0000006Vm9tIAC,false,,001A0000006Vm9r,New,N,n@x.example,false\n",
        preset="salesforce",
    )
    assert (numbers(report), report.deleted) == ((1, 1, 1, 0), 1)
    agreed.refresh_from_db()
    assert agreed.email_consent == "no"
    assert Contact.objects.get(email="n@x.example").email_consent == ""
    assert list(Suppression.objects.values_list("address", flat=True)) == [agreed.email]


def test_salesforce_labels(load):
    report = load("accounts", "Account ID,Account Name,Website\n001A0000006Vm9r,Acme,http://acme.example/\n",
                  preset="salesforce")  # fmt: skip
    assert report.created == 1
    account = Account.objects.get()
    assert (account.external_id, account.domain) == ("001A0000006Vm9rIAC", "acme.example")
    report = load("contacts", "Contact ID,Account ID,Last Name,Email,Email Opt Out\n003A0000006Vm9r,001A0000006Vm9r,M,"
                  "m@acme.example,1\n", preset="salesforce")  # fmt: skip
    assert report.created == 1
    assert Suppression.objects.filter(address="m@acme.example").exists()


def test_mapping_wins_over_the_preset(load):
    load("accounts", "Record ID,Company name,Legal name\n77,Acme,Acme Ltd\n", preset="hubspot",
         mapping={"Legal name": "name"})  # fmt: skip
    assert Account.objects.get().name == "Acme Ltd"


def test_a_dry_run_suppresses_nobody(load):
    factories.account(external_id="77")
    text = "Record ID,Email,Associated Company IDs,Unsubscribed from all email\n2,ben@acme.example,77,true\n"
    assert load("contacts", text, preset="hubspot", dry_run=True).created == 1
    assert not Suppression.objects.exists()


def test_opting_out_needs_a_preset_or_a_mapping(load):
    factories.account(external_id="77")
    report = load("contacts", "external_id,account_external_id,email,opted_out\n1,77,a@acme.example,yes\n")
    assert report.unknown_columns == ("opted_out",)
    assert not Suppression.objects.exists()
