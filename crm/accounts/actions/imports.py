"""Accounts and contacts from files: what a row must say, and how it meets what is there.

Blank cells keep what is there. Tags of a file are added to those an account has, since workflows and people set tags
too. A refusal of mail stands whatever an older file says: only a person turns it into consent.
"""

from __future__ import annotations

from datetime import datetime

from crm.accounts.models import Account, Contact
from crm.slots import ImportColumn, ImportCounts, ImportKind, ImportRows, import_kinds
from crm.team.models import User

ACCOUNT_COLUMNS = {
    "external_id": ImportColumn("key", required=True, filled=True, max_length=120, example="acme-1"),
    "name": ImportColumn(required=True, max_length=200, example="Acme Ltd"),
    "kind": ImportColumn("choice", choices=tuple(Account.Kind.values), example="company"),
    "domain": ImportColumn("domain", example="acme.example"),
    "industry": ImportColumn(max_length=80, example="Logistics"),
    "country": ImportColumn("country", example="DE"),
    "owner_email": ImportColumn("email", example="mira@example.com"),
    "signed_up_on": ImportColumn("date", example="2025-03-31"),
    "primary_use_case": ImportColumn(max_length=200, example="Reporting"),
    "tags": ImportColumn("tags", max_length=60, example="pilot, north"),
}

CONTACT_COLUMNS = {
    "external_id": ImportColumn("key", max_length=120, example="person-1"),
    "account_external_id": ImportColumn("key", required=True, max_length=120, example="acme-1"),
    "first_name": ImportColumn(max_length=100, example="Anna"),
    "last_name": ImportColumn(max_length=100, example="Meyer"),
    "email": ImportColumn("email", example="anna@acme.example"),
    "phone": ImportColumn(max_length=40, example="+49 30 1234567"),
    "title": ImportColumn(max_length=120, example="Head of Operations"),
    "timezone": ImportColumn("zone", example="Europe/Berlin"),
    "language": ImportColumn(max_length=10, example="de"),
    "birthday": ImportColumn("date", example="1984-05-12"),
    "email_consent": ImportColumn("choice", choices=("yes", "no"), example="yes"),
    "is_primary": ImportColumn("yes_no", example="yes"),
    "opted_out": ImportColumn("yes_no", hidden=True),
}


def load_accounts(rows: ImportRows, now: datetime) -> ImportCounts:
    """Write the rows of a file of accounts, which their external_id identifies."""
    rows.link("target", Account, "external_id", "external_id")
    rows.link("owner_id", User, "email", "owner_email")
    rows.reject(
        "r.owner_email IS NOT NULL AND NOT EXISTS (SELECT 1 FROM crm_user u WHERE u.id = r.owner_id AND u.is_active)",
        "owner_email",
        "is nobody who can sign in here",
        "Create the user first (manage.py create_user), correct the address, or leave it blank.",
    )
    rows.reject("r.target IS NULL AND r.name IS NULL", "name", "is missing", "A new account needs a name.")
    columns = ("external_id", "name", "kind", "domain", "industry", "country", "signed_up_on", "primary_use_case")
    values = {column: f"r.{column}" for column in columns} | {"owner_id": "r.owner_id", "tags": "r.tags::text[]"}
    return rows.write(Account, values, merge={"tags": _TAGS_ADDED})


# Old ones first and in their order, so that a file that adds none changes nothing.
_TAGS_ADDED = """
    CASE WHEN NOT r.tags::text[] <@ t.tags::text[] THEN t.tags || ARRAY(
        SELECT tag FROM unnest(r.tags::text[]) WITH ORDINALITY AS given(tag, place)
        WHERE tag <> ALL (t.tags) ORDER BY place)::varchar(60)[] END
"""


def load_contacts(rows: ImportRows, now: datetime) -> ImportCounts:
    """Write the rows of a file of contacts, whom their external_id or their e-mail identifies."""
    _find_contacts(rows)  # first, since it may make one row of two
    _find_accounts(rows)
    rows.reject(
        "r.target IS NULL AND r.account_id IS NULL", "account_external_id", "is missing",
        "A new contact needs an account: give the external_id of one.",
    )  # fmt: skip
    _settle_primaries(rows)
    columns = (
        "external_id", "account_id", "first_name", "last_name", "email", "phone", "title", "timezone", "language",
        "birthday", "email_consent", "is_primary",
    )  # fmt: skip
    values = {column: f"r.{column}" for column in columns}
    values["email_consent"] = "CASE WHEN r.opted_out THEN 'no' ELSE r.email_consent END"
    return rows.write(Contact, values, merge=_MERGE)


_MERGE = {
    "email_consent": "CASE WHEN r.opted_out OR t.email_consent = 'no' THEN 'no' ELSE r.email_consent END",
    # Who moves to another account is not its primary contact unless the file says so.
    "is_primary": "coalesce(r.is_primary, t.is_primary AND t.account_id = coalesce(r.account_id, t.account_id))",
}


def _find_accounts(rows: ImportRows) -> None:
    rows.link("account_id", Account, "external_id", "account_external_id")
    rows.reject(
        "r.account_external_id IS NOT NULL AND r.account_id IS NULL",
        "account_external_id",
        "is the external_id of no account",
        "Import the account first, or correct the id.",
    )


_ONE_EMAIL = "An e-mail address belongs to one person: correct it, or leave it blank."


def _find_contacts(rows: ImportRows) -> None:
    """Link rows to contacts; refuse those whose two ids mean two people."""
    rows.link("target", Contact, "external_id", "external_id")
    # Two rows of the file may name one person by different ids only if they do not contradict each other.
    rows.fold("email", unless="count(DISTINCT external_id) > 1")
    rows.reject(
        "EXISTS (SELECT 1 FROM import_rows e WHERE e.email = r.email AND e.line < r.line)",
        "email", "is in an earlier row of the file under another external_id", _ONE_EMAIL,
    )  # fmt: skip
    rows.run("ALTER TABLE import_rows ADD COLUMN reader_id bigint")
    rows.link("reader_id", Contact, "email", "email")
    rows.reject(
        """r.reader_id <> r.target OR (r.target IS NULL AND r.external_id IS NOT NULL AND EXISTS (
            SELECT 1 FROM crm_contact c WHERE c.id = r.reader_id AND c.external_id <> r.external_id))""",
        "email", "belongs to a contact with another external_id", _ONE_EMAIL,
    )  # fmt: skip
    rows.run("UPDATE import_rows SET target = reader_id WHERE target IS NULL AND reader_id IS NOT NULL")
    rows.fold("target")


def _settle_primaries(rows: ImportRows) -> None:
    """A new primary contact takes the place of the old one; of several in the file, the last."""
    rows.run("ALTER TABLE import_rows ADD COLUMN home_id bigint")
    rows.run("""
        UPDATE import_rows r SET home_id = coalesce(r.account_id,
            (SELECT c.account_id FROM crm_contact c WHERE c.id = r.target)) WHERE r.is_primary""")
    rows.run("""
        UPDATE import_rows r SET is_primary = FALSE WHERE r.is_primary AND EXISTS (
            SELECT 1 FROM import_rows l WHERE l.is_primary AND l.home_id = r.home_id AND l.line > r.line)""")
    rows.begin_writing()
    rows.run("""
        WITH old AS MATERIALIZED (
            SELECT c.id FROM crm_contact c JOIN import_rows r ON r.home_id = c.account_id AND r.is_primary
            WHERE c.is_primary AND c.id IS DISTINCT FROM r.target ORDER BY c.id FOR NO KEY UPDATE OF c)
        UPDATE crm_contact c SET is_primary = FALSE, updated_at = %(now)s FROM old WHERE c.id = old.id""")


def register_imports() -> None:
    """What the room's slots give to the imports."""
    import_kinds.register("accounts", ImportKind(ACCOUNT_COLUMNS, load_accounts, identity=("external_id",), order=1))
    import_kinds.register(
        "contacts",
        ImportKind(
            CONTACT_COLUMNS, load_contacts, identity=("external_id",), one_of=("external_id", "email"),
            brings_people=True, order=2,
        ),
    )  # fmt: skip
