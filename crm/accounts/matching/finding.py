"""Who looks like what somebody is just writing: in a form, through the API, in the rows of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from crm.accounts.matching import rules
from crm.accounts.matching.keys import NameKey, phone_key_of
from crm.accounts.models import Account, Alias, Contact
from crm.segments.filters import Folded

#: Looked for while somebody types or a program waits, so no longer than this; who is not found then, the sweep finds.
LONGEST_MS = 300
#: Records that share a sign, or stand next to each other by name: compared one by one.
NEIGHBOURS = 20
#: That many are named.
NAMED = 3


@dataclass(frozen=True)
class Match:
    """A record that looks like what was written. `exact`: it is the same beyond doubt, by its e-mail address."""

    record: Any
    strength: int  # of 100
    signs: tuple[str, ...]

    @property
    def reason(self) -> str:
        return rules.reason(self.signs)

    @property
    def exact(self) -> bool:
        return "email" in self.signs


def name_sql(column: str) -> str:
    """The SQL of `NameKey` over a column of text, such as `r.name`."""
    return NameKey.template % {"expressions": column}


def weigh_accounts_sql(one: str, other: str) -> str:
    """SQL: the signs (text[]) by which two rows look like one customer.

    Both need the columns match_name, domain, country and industry. `strength_sql` says what they are worth.
    """
    same_domain = (
        f"{one}.domain <> '' AND {bare_sql(f'{one}.domain')} = {bare_sql(f'{other}.domain')} "
        f"AND {bare_sql(f'{one}.domain')} <> ALL (%(public)s)"
    )
    return f"""array_remove(ARRAY[
        CASE WHEN {same_domain} THEN 'domain' END,
        CASE WHEN {one}.match_name = {other}.match_name AND {one}.match_name <> '' THEN 'same_name'
            WHEN similarity({one}.match_name, {other}.match_name) >= {rules.ALIKE} THEN 'name' END,
        CASE WHEN {one}.country = {other}.country AND {one}.country <> '' THEN 'country' END,
        CASE WHEN lower({one}.industry) = lower({other}.industry) AND {one}.industry <> '' THEN 'industry' END
    ], NULL)"""


def bare_sql(column: str) -> str:
    """SQL: a domain as domains are compared."""
    return f"regexp_replace(lower({column}), '^www[.]', '')"


def strength_sql(signs: str, similarity: str) -> str:
    """SQL: what signs are worth, of 100, when names are so similar (0…1)."""

    def points(sign: str, worth: int) -> str:
        return f"{worth} * ({signs} @> ARRAY['{sign}'])::integer"

    named = f"({signs} && ARRAY['name', 'same_name'])::integer"
    strong = f"({signs} && ARRAY['domain', 'phone', 'email'])"
    return f"""least({rules.STRONGEST}, round({points("domain", rules.DOMAIN)} + {points("email", rules.EMAIL)}
        + {points("phone", rules.PHONE)} + {points("country", rules.COUNTRY)} + {points("industry", rules.INDUSTRY)}
        + {points("customer", rules.SAME_CUSTOMER)}
        + {named} * CASE WHEN {strong} AND NOT {signs} @> ARRAY['phone'] THEN {rules.NAME_BESIDE}
            ELSE {rules.NAME} * {similarity} END))::integer"""


# Customers ------------------------------------------------------------------------------------------------------------

# Neighbours by name in the order of the index, those with the same domain, and those whose name holds the one typed.
_ACCOUNTS = f"""
    WITH typed AS (
        SELECT {name_sql("%(name)s::text")} AS match_name, %(domain)s::text AS domain, %(country)s::text AS country,
            %(industry)s::text AS industry
    ), near AS (
        (SELECT a.id FROM typed, crm_account a WHERE a.match_name >= typed.match_name AND a.match_name <> ''
            AND typed.match_name <> '' ORDER BY a.match_name, a.id LIMIT {NEIGHBOURS})
        UNION
        (SELECT a.id FROM typed, crm_account a WHERE a.match_name < typed.match_name AND a.match_name <> ''
            ORDER BY a.match_name DESC, a.id DESC LIMIT {NEIGHBOURS})
        UNION
        (SELECT a.id FROM crm_account a WHERE lower(a.domain) = ANY (%(domains)s) AND a.domain <> ''
            LIMIT {NEIGHBOURS})
        UNION
        (SELECT a.id FROM crm_account a WHERE a.id = ANY (%(alike)s))
    ), weighed AS MATERIALIZED (
        SELECT a.id, {weigh_accounts_sql("typed", "a")} AS signs, similarity(typed.match_name, a.match_name) AS alike
        FROM typed, near JOIN crm_account a ON a.id = near.id
    )
    SELECT id, strength, signs FROM (SELECT *, {strength_sql("signs", "alike")} AS strength FROM weighed) AS found
    WHERE signs && ARRAY['domain', 'name', 'same_name'] AND strength >= {rules.WORTH_A_LOOK}
    ORDER BY strength DESC, id LIMIT {NEIGHBOURS}
"""  # noqa: S608  (SQL and numbers of ours)


def like_account(
    viewer: Any, name: str = "", domain: str = "", country: str = "", industry: str = "", but: int | None = None
) -> list[Match]:
    """Customers that look like one with these values, the likeliest first, as far as the viewer may see them."""
    domain = rules.domain_key(domain)
    values: dict[str, Any] = {
        "name": name, "domain": domain, "country": country.upper(), "industry": industry,
        "domains": [domain, f"www.{domain}"] if domain else [], "public": list(rules.PUBLIC_DOMAINS),
        "alike": _alike(name),
    }  # fmt: skip
    return _named(Account, _rows(_ACCOUNTS, values), viewer, but)


# Written as the index over names has it.
_ALIKE = f"""
    SELECT id FROM crm_account
    WHERE {Folded.template % {"expressions": "name"}} %%> {name_sql("%(name)s::text")} LIMIT {10 * NEIGHBOURS}
"""  # noqa: S608  (SQL of ours)


def _alike(name: str) -> list[int]:
    """Accounts whose name holds something like it, by trigrams; none if that takes too long."""
    if len(name.strip()) < 4:
        return []
    return [row[0] for row in _rows(_ALIKE, {"name": name})]


# People ---------------------------------------------------------------------------------------------------------------

_FULL_NAME = "lower(btrim({0}.first_name || ' ' || {0}.last_name))"

_CONTACTS = f"""
    WITH typed AS (
        SELECT %(first_name)s::text AS first_name, %(last_name)s::text AS last_name, %(phone)s::text AS match_phone,
            %(email)s::text AS email, %(account)s::bigint AS account_id
    ), near AS (
        (SELECT c.id FROM crm_contact c WHERE c.email = %(email)s OR c.id = %(former)s)
        UNION
        (SELECT c.id FROM crm_contact c WHERE c.match_phone = %(phone)s AND c.match_phone <> '' LIMIT {NEIGHBOURS})
        UNION
        (SELECT c.id FROM crm_contact c WHERE c.account_id = %(account)s LIMIT {10 * NEIGHBOURS})
    ), named AS (
        SELECT c.id, c.email, c.match_phone, c.account_id, {_FULL_NAME.format("c")} AS theirs,
            {_FULL_NAME.format("typed")} AS ours
        FROM typed, near JOIN crm_contact c ON c.id = near.id
    ), weighed AS MATERIALIZED (
        SELECT named.id, similarity(ours, theirs) AS alike, array_remove(ARRAY[
            CASE WHEN named.email = %(email)s OR named.id = %(former)s THEN 'email' END,
            CASE WHEN named.match_phone = %(phone)s AND %(phone)s <> '' THEN 'phone' END,
            CASE WHEN ours = theirs AND ours <> '' THEN 'same_name'
                WHEN similarity(ours, theirs) >= {rules.PEOPLE_ALIKE} THEN 'name' END,
            CASE WHEN named.account_id = %(account)s THEN 'customer' END], NULL) AS signs
        FROM named
    )
    SELECT id, strength, signs FROM (SELECT *, {strength_sql("signs", "alike")} AS strength FROM weighed) AS found
    WHERE signs && ARRAY['email', 'phone', 'name', 'same_name'] AND strength >= {rules.WORTH_A_LOOK}
    ORDER BY strength DESC, id LIMIT {NEIGHBOURS}
"""  # noqa: S608  (SQL and numbers of ours)


def like_contact(
    viewer: Any, first_name: str = "", last_name: str = "", email: str = "", phone: str = "",
    account: Account | None = None, but: int | None = None,
) -> list[Match]:  # fmt: skip
    """People that look like one with these values, the likeliest first, as far as the viewer may see them."""
    email = email.strip().lower()
    values: dict[str, Any] = {
        "first_name": first_name, "last_name": last_name, "email": email or None,
        "phone": phone_key_of(phone, lambda: account.country if account else ""),
        "account": account.pk if account else None,
        "former": Alias.holder("contact", Alias.Kind.EMAIL, email) if email else None,
    }  # fmt: skip
    return _named(Contact, _rows(_CONTACTS, values), viewer, but)


def _rows(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What the query finds within LONGEST_MS; nothing if it takes longer."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)",
                           [str(LONGEST_MS)])  # fmt: skip
            before = cursor.fetchone()[0]
            cursor.execute(sql, values)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
            return found
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        return []


def _named(model: Any, found: Sequence[tuple[Any, ...]], viewer: Any, but: int | None) -> list[Match]:
    rows = model.objects.visible_to(viewer).filter(pk__in=[row[0] for row in found if row[0] != but])
    if model is Contact:
        rows = rows.select_related("account")
    known = rows.in_bulk()
    return [Match(known[pk], strength, tuple(signs)) for pk, strength, signs in found if pk in known][:NAMED]
