"""The search for duplicates among what has changed, slice by slice: pairs of records that look like one.

A pass walks through the ids once and compares only what changed since the one before began, with an hour to spare for
transactions that were under way then; so it costs what has changed, and a slice the same at any number of records.
Compared is with neighbours: those that share a domain, a number or a customer, and those next to it by name, read
forwards and backwards. Names that differ at both ends stand far apart and are found by trigrams when somebody writes
them, not here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from crm.accounts.matching import rules as matching
from crm.accounts.matching.finding import NEIGHBOURS, bare_sql, strength_sql, weigh_accounts_sql
from crm.duplicates.models import Sweep

#: A pass begins so long after the last one began.
PASS_EVERY = timedelta(minutes=30)
#: A transaction that lasts longer than this, a large import say, may hide what it changed from the pass beside it.
LONGEST_TRANSACTION = timedelta(hours=1)
#: Changed records compared in one slice.
SLICE = 2_000

# Each gives pairs (a, b) of ids with a in %(ids)s. What was a pair already is weighed anew: it may be none any more.
_NEAR_ACCOUNTS = f"""
    SELECT c.id AS a, o.id AS b FROM changed c CROSS JOIN LATERAL (
        SELECT id FROM crm_account o
        WHERE lower(o.domain) = ANY (ARRAY[{bare_sql("c.domain")}, 'www.' || {bare_sql("c.domain")}])
            AND o.domain <> '' AND o.id <> c.id LIMIT {NEIGHBOURS}) o
    WHERE c.domain <> '' AND {bare_sql("c.domain")} <> ALL (%(public)s)
"""  # noqa: S608  (SQL and numbers of ours)

# Those next to it by name, in an order of the names; only who is alike is worth a look at the whole row.
_BEHIND = f"""
    UNION SELECT c.id, o.id FROM changed c CROSS JOIN LATERAL (
        SELECT id, match_name FROM crm_account o
        WHERE {{name}} >= {{own}} AND o.match_name <> '' AND o.id <> c.id ORDER BY {{name}}, id LIMIT {NEIGHBOURS}) o
    WHERE c.match_name <> '' AND similarity(c.match_name, o.match_name) >= {matching.ALIKE}
"""  # noqa: S608  (SQL and numbers of ours)
_BEFORE = f"""
    UNION SELECT c.id, o.id FROM changed c CROSS JOIN LATERAL (
        SELECT id, match_name FROM crm_account o
        WHERE {{name}} < {{own}} AND o.match_name <> '' ORDER BY {{name}} DESC, id DESC LIMIT {NEIGHBOURS}) o
    WHERE c.match_name <> '' AND similarity(c.match_name, o.match_name) >= {matching.ALIKE}
"""  # noqa: S608  (SQL and numbers of ours)
#: Also from the last letter to the first: “Kestrel Motors” beside “Bestrel Motors”.
_ORDERS = (
    {"name": "o.match_name", "own": "c.match_name"},
    {"name": "reverse(o.match_name)", "own": "reverse(c.match_name)"},
)
# A pass over all of them comes by each: whoever stands before one has that one behind it, and both need not look.
_NEAR_ALL_ACCOUNTS = _NEAR_ACCOUNTS + "".join(_BEHIND.format(**order) for order in _ORDERS)
_NEAR_ACCOUNTS = _NEAR_ALL_ACCOUNTS + "".join(_BEFORE.format(**order) for order in _ORDERS)

_NEAR_CONTACTS = f"""
    SELECT c.id AS a, o.id AS b FROM changed c CROSS JOIN LATERAL (
        SELECT id FROM crm_contact o WHERE o.match_phone = c.match_phone AND o.match_phone <> '' AND o.id <> c.id
        LIMIT {NEIGHBOURS}) o WHERE c.match_phone <> ''
    UNION SELECT c.id, o.id FROM changed c CROSS JOIN LATERAL (
        SELECT id FROM crm_contact o WHERE o.account_id = c.account_id AND o.id <> c.id LIMIT {10 * NEIGHBOURS}) o
"""  # noqa: S608  (numbers of ours)

_NAME = "lower(btrim({0}.first_name || ' ' || {0}.last_name))"
_CONTACT_SIGNS = f"""array_remove(ARRAY[
    CASE WHEN x.match_phone = y.match_phone AND x.match_phone <> '' THEN 'phone' END,
    CASE WHEN {_NAME.format("x")} = {_NAME.format("y")} AND {_NAME.format("x")} <> '' THEN 'same_name'
        WHEN similarity({_NAME.format("x")}, {_NAME.format("y")}) >= {matching.PEOPLE_ALIKE} THEN 'name' END,
    CASE WHEN x.account_id = y.account_id THEN 'customer' END], NULL)"""

# A name alone is no reason to ask somebody: it takes a second sign, or a stronger one.
_REASON = {
    "account": "signs @> ARRAY['domain'] "
    "OR (signs && ARRAY['name', 'same_name'] AND signs && ARRAY['country', 'industry'])",
    "contact": "signs && ARRAY['name', 'same_name'] AND signs && ARRAY['phone', 'customer']",
}
_SIMILARITY = {
    "account": "similarity(x.match_name, y.match_name)",
    "contact": f"similarity({_NAME.format('x')}, {_NAME.format('y')})",
}
_NEAR = {"account": _NEAR_ACCOUNTS, "contact": _NEAR_CONTACTS}
_NEAR_ALL = _NEAR | {"account": _NEAR_ALL_ACCOUNTS}
_SIGNS = {"account": weigh_accounts_sql("x", "y"), "contact": _CONTACT_SIGNS}

_COMPARE = """
    WITH changed AS (SELECT * FROM crm_{subject} WHERE id = ANY (%(ids)s)),
    near AS (
        SELECT DISTINCT least(a, b) AS first, greatest(a, b) AS second FROM ({near}) AS found
        UNION SELECT first_id, second_id FROM crm_{subject}pair WHERE apart_at IS NULL AND first_id = ANY (%(ids)s)
        UNION SELECT first_id, second_id FROM crm_{subject}pair WHERE apart_at IS NULL AND second_id = ANY (%(ids)s)
    ), weighed AS MATERIALIZED (
        SELECT near.*, {signs} AS signs, {similarity} AS alike
        FROM near JOIN crm_{subject} x ON x.id = near.first JOIN crm_{subject} y ON y.id = near.second
    ), judged AS (
        SELECT first, second, signs, {strength} AS strength, ({reason}) AS stands FROM weighed
    ), dropped AS (
        DELETE FROM crm_{subject}pair p USING judged j WHERE p.first_id = j.first AND p.second_id = j.second
        AND p.apart_at IS NULL AND NOT (j.stands AND j.strength >= %(least)s)
    )
    INSERT INTO crm_{subject}pair (first_id, second_id, strength, signs, found_at)
    SELECT first, second, strength, signs, %(now)s FROM judged WHERE stands AND strength >= %(least)s
    ORDER BY first, second
    ON CONFLICT (first_id, second_id) DO UPDATE SET strength = EXCLUDED.strength, signs = EXCLUDED.signs
    WHERE crm_{subject}pair.apart_at IS NULL
        AND (crm_{subject}pair.strength, crm_{subject}pair.signs) IS DISTINCT FROM (EXCLUDED.strength, EXCLUDED.signs)
"""

SUBJECTS = ("account", "contact")


def run(now: datetime) -> int:
    """One slice of whichever pass is due; returns how many changed records were compared."""
    resting = Sweep.objects.filter(began_at=None, last_began_at__gt=now - PASS_EVERY)
    due = set(SUBJECTS) - set(resting.values_list("subject", flat=True))
    return next((done for subject in SUBJECTS if subject in due and (done := _slice(subject, now))), 0)


def next_due(now: datetime) -> datetime | None:
    """A search is due whenever the clock stops: nothing waits for it."""
    return None


@transaction.atomic
def _slice(subject: str, now: datetime) -> int:
    Sweep.objects.bulk_create([Sweep(subject=subject)], ignore_conflicts=True)
    sweep = Sweep.objects.select_for_update(skip_locked=True).filter(subject=subject).first()
    if sweep is None:
        return 0  # somebody else is at it
    if sweep.began_at is None:
        if sweep.last_began_at and now < sweep.last_began_at + PASS_EVERY:
            return 0
        sweep.began_at, sweep.position = now, 0
        sweep.since = sweep.last_began_at and sweep.last_began_at - LONGEST_TRANSACTION
    ids = _changed(sweep)
    if ids:
        compare(subject, ids, now, among_all=sweep.since is None)
        sweep.position = ids[-1]
    if len(ids) < SLICE:
        sweep.last_began_at, sweep.began_at = sweep.began_at, None
    sweep.save()
    return len(ids)


def _changed(sweep: Sweep) -> list[int]:
    """The next ids behind the position, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM crm_{sweep.subject} WHERE id > %s "  # noqa: S608
            "AND updated_at >= coalesce(%s::timestamptz, '-infinity') ORDER BY id LIMIT %s",
            [sweep.position, sweep.since, SLICE],
        )
        return [row[0] for row in cursor.fetchall()]


def compare(subject: str, ids: list[int], now: datetime, *, among_all: bool) -> None:
    """Find the pairs of these records, weigh those there were anew, and drop those that are none any more.

    `among_all`: all other records have their turn as well.
    """
    near = (_NEAR_ALL if among_all else _NEAR)[subject]
    sql = _COMPARE.format(
        subject=subject, near=near, signs=_SIGNS[subject], similarity=_SIMILARITY[subject],
        strength=strength_sql("signs", "alike"), reason=_REASON[subject],
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            sql, {"ids": ids, "now": now, "least": matching.WORTH_A_LOOK, "public": list(matching.PUBLIC_DOMAINS)}
        )
