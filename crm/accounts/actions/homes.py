"""Where people from a file belong whose customer it does not name, or names as nobody here: at one that is here after
all, or at one that is made for them.

Whoever looks like a customer's is theirs: the company's name without its legal form, or the domain of their e-mail, as
duplicates are found. A name or a domain that several customers share tells nothing.
"""

from __future__ import annotations

from crm.accounts.matching.keys import NameKey
from crm.accounts.matching.rules import PUBLIC_DOMAINS
from crm.accounts.models import Account
from crm.fields import columns
from crm.slots import ImportRows

COMPANY, PERSON = "company", "person"

#: What whoever imports may say, in words.
MAKES = {
    COMPANY: "Make a customer of each company that is not here yet",
    PERSON: "Make people without a company customers of their own",
}


def find_homes(rows: ImportRows) -> None:
    """Link those whose customer can be told; note in `home` what is to be made for the others, if anything may be.

    Whoever is known here stays where they are, unless the file names a customer that is here.
    """
    rows.run("ALTER TABLE import_rows ADD COLUMN home text")
    if COMPANY in rows.makes:
        rows.run("UPDATE import_rows r SET account_name = NULL WHERE r.target IS NOT NULL AND r.account_id IS NULL")
        alike = _ONE_ALIKE.format(of="", key=_key("r.account_name"))
        rows.run(f"{alike} AND r.account_name IS NOT NULL")
        _find_by_domain(rows, "r.account_name IS NOT NULL")
        rows.run("UPDATE import_rows SET home = %(home)s WHERE account_id IS NULL AND account_name IS NOT NULL",
                 home=COMPANY)  # fmt: skip
    if PERSON in rows.makes:
        _find_by_domain(rows, _HOMELESS)
        alike = _ONE_ALIKE.format(of=f"AND a.kind = '{PERSON}'", key=_key(_OWN_NAME))
        rows.run(f"{alike} AND {_HOMELESS} AND NOT {_ANOTHER}")
        rows.run(f"UPDATE import_rows r SET home = %(home)s WHERE r.account_id IS NULL AND {_HOMELESS}", home=PERSON)  # noqa: S608


def make_homes(rows: ImportRows) -> int:
    """The customers that `find_homes` found wanting, for the rows that are still there; returns how many."""
    if not rows.makes:
        return 0
    rows.run("DROP TABLE IF EXISTS pg_temp.import_homes")
    if not rows.run(_HOMES):
        return 0
    rows.run("ALTER TABLE import_rows ADD COLUMN new_home bigint")
    rows.run(_NUMBERED)
    made = rows.write(
        Account,
        {"id": "r.new_home", "kind": "r.home", "name": _NAME, "owner_id": "%(owner)s::bigint",
         "custom": "%(defaults)s::jsonb"},
        target="account_id", where="r.new_home IS NOT NULL",
        parameters={"owner": rows.brought_by, "defaults": columns.defaults("account")},
    )  # fmt: skip
    rows.run(_MOVED_IN)
    return made.created


def _key(name: str) -> str:
    return NameKey.template % {"expressions": name}


_HOMELESS = "r.target IS NULL AND r.account_name IS NULL AND r.account_external_id IS NULL"

# Somebody of the same name who can be written to elsewhere.
_ANOTHER = """EXISTS (SELECT FROM crm_contact c WHERE c.account_id = one.id AND c.email <> r.email)"""

#: A row always has one of them: what identifies it.
_OWN_NAME = """left(coalesce(nullif(btrim(concat_ws(' ', r.first_name, r.last_name)), ''), r.email, r.phone,
    r.external_id), 200)"""

_NAME = f"CASE r.home WHEN '{COMPANY}' THEN r.account_name ELSE {_OWN_NAME} END"

_ONE_ALIKE = """
    UPDATE import_rows r SET account_id = one.id FROM (
        SELECT a.match_name, min(a.id) AS id FROM crm_account a WHERE a.match_name <> '' {of}
        GROUP BY 1 HAVING count(*) = 1) one
    WHERE r.account_id IS NULL AND one.match_name = {key}
"""


def _find_by_domain(rows: ImportRows, condition: str) -> None:
    rows.run(
        f"""
        UPDATE import_rows r SET account_id = one.id FROM (
            SELECT lower(a.domain) AS domain, min(a.id) AS id FROM crm_account a WHERE a.domain <> ''
            GROUP BY 1 HAVING count(*) = 1) one
        WHERE r.account_id IS NULL AND {condition} AND one.domain = split_part(r.email, '@', 2)
            AND one.domain <> ALL (%(public)s)
        """,  # noqa: S608  (a condition of ours)
        public=list(PUBLIC_DOMAINS),
    )


# Rows of one company share the home that the first of them gets; nobody shares one of their own.
_HOMES = f"""
    CREATE TEMP TABLE import_homes ON COMMIT DROP AS
    SELECT line, min(line) OVER (PARTITION BY company) AS first FROM (
        SELECT r.line, CASE r.home WHEN '{COMPANY}' THEN coalesce(nullif({_key("r.account_name")}, ''),
            lower(r.account_name)) ELSE '/' || r.line END AS company
        FROM import_rows r WHERE r.home IS NOT NULL AND r.account_id IS NULL) named
"""  # noqa: S608  (constants of ours)
_NUMBERED = """
    UPDATE import_rows r SET new_home = n.id FROM (
        SELECT line, nextval(pg_get_serial_sequence('crm_account', 'id')) AS id
        FROM (SELECT line FROM import_homes WHERE first = line ORDER BY line) firsts) n
    WHERE n.line = r.line
"""
_MOVED_IN = """
    UPDATE import_rows r SET account_id = f.new_home FROM import_homes h JOIN import_rows f ON f.line = h.first
    WHERE r.line = h.line
"""
