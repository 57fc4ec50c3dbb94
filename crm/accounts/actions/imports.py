"""Accounts and contacts from files: what a row must say, and how it meets what is there.

Blank cells keep what is there. Tags of a file are added to those an account has, since workflows and people set tags
too. A refusal of mail stands whatever an older file says: only a person turns it into consent.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

from django.db import connection
from django.db.models import Model

from crm.accounts.actions.homes import MAKES, find_homes, make_homes
from crm.accounts.actions.import_columns import ACCOUNT_COLUMNS, CONTACT_COLUMNS
from crm.accounts.actions.owning import find_owners
from crm.accounts.matching.keys import NameKey, phone_key_of
from crm.accounts.matching.rules import PUBLIC_DOMAINS
from crm.accounts.models import Account, Contact
from crm.fields import columns
from crm.fields.columns import ColumnsOf
from crm.history.actions import present_act
from crm.slots import ImportCounts, ImportKind, ImportRows, import_kinds
from crm.timeline.actions import recording_found
from crm.timeline.models import TimelineEntry


def load_accounts(rows: ImportRows, now: datetime) -> ImportCounts:
    """Write the rows of a file of accounts, which their external_id identifies, or our own id where they have none."""
    rows.link("target", Account, "external_id", "external_id")
    _find_by_our_id(rows, Account, "external_id IS NULL")
    rows.fold("target")
    rows.alike(
        "lower(t.domain) = r.domain AND t.domain <> '' AND r.domain <> ALL (%(public)s)", Account, "the same domain",
        public=list(PUBLIC_DOMAINS),
    )  # fmt: skip
    rows.alike(f"t.match_name = {NameKey.template % {'expressions': 'r.name'}} AND t.match_name <> ''", Account,
               "the same name")  # fmt: skip
    rows.admit(Account, "target", "external_id")
    own = (
        "external_id", "name", "kind", "domain", "industry", "country", "signed_up_on", "primary_use_case", "tags",
        "goal", "goal_due_on",
    )  # fmt: skip
    named = {"owner_email": "owner_id", "fit": "suitability"}
    rows.respect(Account, {column: column for column in own} | named | columns.targets("account"))
    find_owners(rows)
    rows.reject("r.target IS NULL AND r.name IS NULL", "name", "is missing", "A new customer needs a name.")
    columns.require(rows, "account")
    values = {column: f"r.{column}" for column in own} | {
        "owner_id": "r.owner_id", "tags": "r.tags::text[]", "suitability": "r.fit",
        "do_not_contact": "r.do_not_contact",
    }  # fmt: skip
    counts = columns.write(rows, Account, "account", values, {"tags": _TAGS_ADDED, "do_not_contact": _STAYS_STOPPED})
    rows.run(_STOPPED_NOW)
    return counts


# Nobody whom somebody has asked us to leave alone is written to again because of a file.
_STAYS_STOPPED = "t.do_not_contact OR coalesce(r.do_not_contact, FALSE)"

# A sender that has cleared a letter hands it over only if its reader's row is as it was then.
_STOPPED_NOW = """
    UPDATE crm_contact c SET updated_at = %(now)s WHERE c.id IN (
        SELECT p.id FROM crm_contact p JOIN import_rows r ON r.target = p.account_id AND r.do_not_contact
        ORDER BY p.id FOR NO KEY UPDATE OF p)
"""


# Old ones first and in their order, so that a file that adds none changes nothing.
_TAGS_ADDED = """
    CASE WHEN NOT r.tags::text[] <@ t.tags::text[] THEN t.tags || ARRAY(
        SELECT tag FROM unnest(r.tags::text[]) WITH ORDINALITY AS given(tag, place)
        WHERE tag <> ALL (t.tags) ORDER BY place)::varchar(60)[] END
"""


def load_contacts(rows: ImportRows, now: datetime) -> ImportCounts:
    """Write the rows of a file of contacts, whom their external_id or their e-mail identifies."""
    rows.run(_PARTS_OF_NAMES)
    _find_contacts(rows)  # first, since it may make one row of two
    rows.admit(Contact, "target", "email")
    rows.respect(Contact, {name: name for name in _OWN} | dict.fromkeys(_ACCOUNTS_NAMES, "account_id")
                 | columns.targets("contact"))  # fmt: skip
    _find_accounts(rows)
    rows.alike(_SAME_PERSON, Contact, "the same name at the same customer")
    rows.reject(
        "r.target IS NULL AND r.account_id IS NULL AND r.home IS NULL", "account_external_id", "is missing",
        "Give the customer’s id or name, or let the import make such people customers of their own.",
    )  # fmt: skip
    columns.require(rows, "contact")
    rows.run("UPDATE import_rows SET roles = lower(roles) WHERE roles IS NOT NULL")
    rows.reject(
        "NOT r.roles::text[] <@ %(known)s", "roles", "names a part that nobody plays here",
        f"Write {', '.join(Contact.Role.values)}, or several of them with commas.", known=list(Contact.Role.values),
    )  # fmt: skip
    homes = make_homes(rows)
    _settle_primaries(rows)
    _key_phones(rows)
    values = {column: f"r.{column}" for column in ("external_id", "account_id", "match_phone", *_OWN)}
    values["email_consent"] = "CASE WHEN r.opted_out THEN 'no' ELSE r.email_consent END"
    values |= {"roles": "r.roles::text[]", "do_not_contact": "r.do_not_contact"}
    counts = columns.write(rows, Contact, "contact", values, _MERGE)
    if (loaded := present_act()) and rows.import_id:
        rows.note("created", TimelineEntry, recording_found(_CONSENTS), act=loaded.pk)
    return replace(counts, homes=homes)


#: The file's columns that the table has by the same name, beside what identifies.
_OWN = (
    "first_name", "last_name", "email", "phone", "title", "timezone", "language", "birthday", "email_consent",
    "is_primary", "roles",
)  # fmt: skip

_ACCOUNTS_NAMES = ("account_external_id", "account_name")

_MERGE = {
    "roles": """
        CASE WHEN NOT r.roles::text[] <@ t.roles::text[] THEN t.roles || ARRAY(
            SELECT role FROM unnest(r.roles::text[]) WITH ORDINALITY AS given(role, place)
            WHERE role <> ALL (t.roles) ORDER BY place)::varchar(12)[] END""",
    "do_not_contact": _STAYS_STOPPED,
    "email_consent": "CASE WHEN r.opted_out OR t.email_consent = 'no' THEN 'no' ELSE r.email_consent END",
    # Who moves to another account is not its primary contact unless the file says so.
    "is_primary": "coalesce(r.is_primary, t.is_primary AND t.account_id = coalesce(r.account_id, t.account_id))",
}

# What the file said of consent to people who were there already: history knows it of each row.
_CONSENTS = """
    SELECT c.account_id, c.id, 'contact.consent_changed', %(now)s, 'import', NULL::bigint, '',
        coalesce(nullif(btrim(c.first_name || ' ' || c.last_name), ''), c.email, 'Somebody') || CASE c.email_consent
            WHEN 'yes' THEN ' agreed to mail' ELSE ' refused mail' END || ', as a file says',
        '{}'::jsonb, NULL
    FROM crm_contactchange was JOIN crm_contact c ON c.id = was.pgh_obj_id
    WHERE was.act_id = %(act)s AND was.pgh_label = 'update' AND c.email_consent <> was.email_consent
        AND c.email_consent <> '' ORDER BY c.id
"""


def _find_by_our_id(rows: ImportRows, model: type[Model], nothing_else: str) -> None:
    """Rows that nothing else identifies; a file of another installation tells them by the ids of other systems."""
    subject = str(model._meta.model_name)
    rows.run(
        f"""UPDATE import_rows r SET target = coalesce(
            (SELECT t.id FROM {model._meta.db_table} t WHERE t.id = r.our_id), (SELECT a.{subject}_id FROM crm_alias a
            WHERE a.subject = %(subject)s AND a.kind = 'id' AND a.value = r.our_id::text))
        WHERE r.our_id IS NOT NULL AND {nothing_else}""",  # noqa: S608
        subject=subject,
    )  # fmt: skip
    rows.reject(
        f"r.target IS NULL AND r.our_id IS NOT NULL AND {nothing_else}", "our_id", "is the number of nobody here",
        "Leave the column out if the file comes from elsewhere, and give each row an id of its own.",
    )  # fmt: skip


_PARTS_OF_NAMES = """
    UPDATE import_rows SET last_name = left(regexp_replace(full_name, '^.*\\s', ''), 100),
        first_name = nullif(left(btrim(regexp_replace(full_name, '\\S+$', '')), 100), '')
    WHERE full_name IS NOT NULL AND first_name IS NULL AND last_name IS NULL
"""

_SAME_PERSON = """
    t.account_id = r.account_id AND (t.email IS NULL OR r.email IS NULL) AND t.last_name <> ''
    AND lower(t.first_name) = lower(coalesce(r.first_name, '')) AND lower(t.last_name) = lower(r.last_name)
"""


def _find_accounts(rows: ImportRows) -> None:
    rows.link("account_id", Account, "external_id", "account_external_id")
    rows.reject(
        "r.account_external_id IS NOT NULL AND r.account_id IS NULL",
        "account_external_id",
        "is the id of no customer here",
        "Import the customers first, or correct the id.",
    )
    rows.reject(
        f"{_BY_NAME} AND (SELECT count(*) FROM crm_account a WHERE lower(a.name) = lower(r.account_name)) > 1",  # noqa: S608
        "account_name", "is the name of several customers", "Give the id of the one that is meant.",
    )  # fmt: skip
    rows.run(
        f"""UPDATE import_rows r SET account_id = a.id FROM crm_account a
        WHERE {_BY_NAME} AND lower(a.name) = lower(r.account_name)"""  # noqa: S608 (a constant of ours)
    )
    find_homes(rows)
    rows.reject(
        f"{_BY_NAME} AND r.home IS NULL", "account_name", "is the name of no customer here",
        "Correct the name, or let the import make a customer of each company that is not here.",
    )  # fmt: skip
    rows.admit(Account, "account_id", "account_external_id")


_BY_NAME = "r.account_name IS NOT NULL AND r.account_id IS NULL"

_ONE_EMAIL = "An e-mail address belongs to one person: correct it, or leave it blank."


def _find_contacts(rows: ImportRows) -> None:
    """Link rows to contacts; refuse those whose two ids mean two people."""
    rows.link("target", Contact, "external_id", "external_id")
    # Two rows of the file may name one person by different ids only if they do not contradict each other.
    rows.fold("email", unless="count(DISTINCT external_id) > 1")
    rows.reject(
        "EXISTS (SELECT 1 FROM import_rows e WHERE e.email = r.email AND e.line < r.line)",
        "email", "is in an earlier row of the file under another {external_id}", _ONE_EMAIL,
    )  # fmt: skip
    rows.run("ALTER TABLE import_rows ADD COLUMN reader_id bigint")
    rows.link("reader_id", Contact, "email", "email")
    rows.reject(
        """r.reader_id <> r.target OR (r.target IS NULL AND r.external_id IS NOT NULL AND EXISTS (
            SELECT 1 FROM crm_contact c WHERE c.id = r.reader_id AND c.external_id <> r.external_id))""",
        "email", "belongs to a contact with another {external_id}", _ONE_EMAIL,
    )  # fmt: skip
    rows.run("UPDATE import_rows SET target = reader_id WHERE target IS NULL AND reader_id IS NOT NULL")
    _find_by_our_id(rows, Contact, "external_id IS NULL AND email IS NULL")
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


def _key_phones(rows: ImportRows) -> None:
    """What numbers are compared by, as `PhoneKey` works it out for a row that is saved; 20,000 numbers at a time."""
    rows.run("ALTER TABLE import_rows ADD COLUMN match_phone text")
    rows.run("CREATE INDEX ON import_rows (line)")
    with connection.cursor() as cursor:
        cursor.execute(f"DECLARE import_phones NO SCROLL CURSOR FOR {_PHONES}")
        while True:
            cursor.execute(f"FETCH {_AT_ONCE} FROM import_phones")
            if not (found := cursor.fetchall()):
                cursor.execute("CLOSE import_phones")
                return
            keys = [phone_key_of(phone, partial(str, country)) for _, phone, country in found]
            rows.run(
                """UPDATE import_rows r SET match_phone = k.key
                FROM unnest(%(lines)s::bigint[], %(keys)s::text[]) AS k(line, key) WHERE r.line = k.line""",
                lines=[line for line, *_ in found], keys=keys,
            )  # fmt: skip


_AT_ONCE = 20_000

_PHONES = """
    SELECT r.line, r.phone, coalesce(a.country, '') FROM import_rows r
    LEFT JOIN crm_contact c ON c.id = r.target LEFT JOIN crm_account a ON a.id = coalesce(r.account_id, c.account_id)
    WHERE r.phone IS NOT NULL
"""


def register_imports() -> None:
    """What the room's slots give to the imports."""
    import_kinds.register(
        "accounts",
        ImportKind(
            ColumnsOf("account", ACCOUNT_COLUMNS), load_accounts, identity=("external_id",),
            one_of=("external_id", "our_id"), label="Accounts",
            hint="Customers: companies, or people who buy", tables=("crm.Account",), order=1,
        ),
    )  # fmt: skip
    import_kinds.register(
        "contacts",
        ImportKind(
            ColumnsOf("contact", CONTACT_COLUMNS), load_contacts, identity=("external_id",),
            one_of=("external_id", "email", "our_id"),
            brings_people=True, label="Contacts", hint="People, at customers that are here or come with them",
            tables=("crm.Contact", "crm.TimelineEntry"), homes=("crm.Account",), makes=MAKES, order=2,
        ),
    )  # fmt: skip
