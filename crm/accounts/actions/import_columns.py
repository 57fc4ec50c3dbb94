"""What files of accounts and contacts may bring, and what other systems call it."""

from __future__ import annotations

from crm.accounts.actions.homes import PERSON
from crm.accounts.models import Account
from crm.accounts.rules import YEAR_UNKNOWN
from crm.slots import ImportColumn

#: In files that were exported here.
_OUR_ID = ImportColumn(
    "whole", example="1204", label="Our id", policies=False, hint="Finds the row again where it has no other id",
)  # fmt: skip

ACCOUNT_COLUMNS = {
    "external_id": ImportColumn(
        "key", required=True, or_else="our_id", made_of="name", max_length=120, example="acme-1", label="Their id",
        policies=False,
        names=("id", "record id", "customer id", "account id", "company id", "customer number"),
        hint="What finds the customer again, next time too",
    ),
    "name": ImportColumn(
        required=True, max_length=200, example="Acme Ltd", label="Name",
        names=("company", "company name", "account name", "organisation", "organization", "customer", "firm"),
    ),
    "kind": ImportColumn(
        "choice", choices=tuple(Account.Kind.values), example="company", label="Kind", names=("type",),
    ),
    "domain": ImportColumn(
        "domain", example="acme.example", label="Domain", names=("website", "web site", "url", "homepage", "web"),
    ),
    "industry": ImportColumn(max_length=80, example="Logistics", label="Industry", names=("sector", "branch")),
    "country": ImportColumn(
        "country", example="DE", label="Country", hint="Two letters of ISO 3166, or the English name",
        names=("country code",),
    ),
    "owner_email": ImportColumn(
        "colleague", example="mira@example.com", label="Owner", max_length=120,
        hint="The e-mail or the full name of somebody who can sign in here",
        names=("owner e-mail", "account owner", "account manager", "account owner email"),
    ),
    "signed_up_on": ImportColumn(
        "date", example="2025-03-31", label="Signed up on",
        names=("sign-up date", "signup date", "customer since", "created", "created at", "create date"),
    ),
    "primary_use_case": ImportColumn(
        max_length=200, example="Reporting", label="Primary use case", names=("use case",),
    ),
    "tags": ImportColumn(
        "tags", max_length=60, example="pilot, north", label="Tags", hint="Added to those that are there",
        names=("labels", "tag", "label", "categories"), adds=True,
    ),
    "goal": ImportColumn(
        max_length=300, example="Close the month in two days", label="Goal", names=("customer goal", "objective"),
        hint="What they want to reach with us",
    ),
    "goal_due_on": ImportColumn("date", example="2026-12-31", label="Goal due on", names=("goal due", "goal date")),
    "fit": ImportColumn(
        "choice", choices=tuple(filter(None, Account.Suitability.values)), example="good", label="Fit",
        names=("customer fit", "suitability"),
    ),
    "do_not_contact": ImportColumn(
        "yes_no", example="no", label="Do not contact", policies=False, names=("dnc", "blocked"),
        hint="A yes leaves replies and receipts alone; a no lifts nothing",
    ),
    "our_id": _OUR_ID,
}  # fmt: skip

CONTACT_COLUMNS = {
    "external_id": ImportColumn(
        "key", max_length=120, example="person-1", label="Their id", policies=False,
        names=("id", "record id", "contact id", "person id", "uid"),
        hint="What finds the person again, as an e-mail does",
    ),
    "account_external_id": ImportColumn(
        "key", required=True, or_else="account_name", spared_by=PERSON, max_length=120, example="acme-1",
        label="Customer’s id",
        names=("account id", "company id", "organisation id", "organization id", "customer id"),
    ),
    "account_name": ImportColumn(
        max_length=200, hidden=True, example="Acme Ltd", label="Customer’s name",
        names=("company", "company name", "account", "account name", "organisation", "organization", "customer"),
        hint="Where the file has no id of the customer; found by it, or made if you say so below",
    ),
    "first_name": ImportColumn(
        max_length=100, example="Anna", label="First name",
        names=("given name", "forename", "firstname", "first", "vorname"),
    ),
    "last_name": ImportColumn(
        max_length=100, example="Meyer", label="Last name",
        names=("surname", "family name", "lastname", "last", "nachname"),
    ),
    "full_name": ImportColumn(
        max_length=200, hidden=True, example="Anna Meyer", label="Full name", names=("name", "contact name"),
        hint="The last word is taken for the last name", policies=False,
    ),
    "email": ImportColumn(
        "email", example="anna@acme.example", label="E-mail",
        names=("email address", "mail", "e-mail address", "work email", "primary email", "email 1", "e-mail 1 - value"),
        hint="Identifies a person across the installation",
    ),
    "phone": ImportColumn(
        max_length=40, example="+49 30 1234567", label="Phone",
        names=(
            "phone number", "telephone", "tel", "work phone", "business phone", "phone 1", "phone 1 - value", "mobile",
            "mobile phone", "mobile number", "cell", "cell phone", "handy",
        ),
    ),
    "title": ImportColumn(
        max_length=120, example="Head of Operations", label="Job title",
        names=("position", "job", "role", "job role", "function", "occupation"),
    ),
    "timezone": ImportColumn("zone", example="Europe/Berlin", label="Time zone", names=("zone", "tz")),
    "language": ImportColumn(max_length=10, example="de", label="Language", names=("lang", "locale")),
    "birthday": ImportColumn(
        "date", example="1984-05-12", label="Birthday", names=("date of birth", "birthdate"),
        hint=f"{YEAR_UNKNOWN} stands for a year that nobody knows",
    ),
    "email_consent": ImportColumn(
        "choice", choices=("yes", "no"), example="yes", label="Consent to mail",
        names=(
            "consent", "opt-in", "opted in", "email opt in", "marketing consent", "marketing opt in", "email consent",
            "newsletter", "subscribed", "subscriber", "accepts marketing", "accepts email marketing",
        ),
        hint="yes or no; a refusal that is known here stands",
    ),
    "is_primary": ImportColumn(
        "yes_no", example="yes", label="Primary contact", names=("primary", "main contact"),
    ),
    "roles": ImportColumn(
        "tags", max_length=60, example="decides, pays", label="Roles",
        names=("buying role", "contact roles"), adds=True,
        hint="decides, champion, blocks, uses or pays; added to those that are there",
    ),
    "do_not_contact": ImportColumn(
        "yes_no", example="no", label="Do not contact", policies=False, names=("dnc", "blocked"),
        hint="A yes leaves replies and receipts alone; a no lifts nothing",
    ),
    "opted_out": ImportColumn(
        "yes_no", hidden=True, example="no", label="Opted out of mail", policies=False,
        names=(
            "opted out", "opt-out", "unsubscribed", "unsubscribe", "email opt out", "email opted out", "do not email",
            "opted out of email", "opted out of all email", "marketing opt out", "no mail", "bounced", "hard bounced",
        ),
        hint="A yes stops all mail to the address, whatever else the file says",
    ),
    "our_id": _OUR_ID,
}  # fmt: skip
