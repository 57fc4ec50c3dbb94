"""Usage from files: counts by day, when somebody was last seen, and the first use of each feature as a fact."""

from __future__ import annotations

from datetime import datetime, timedelta

from crm.accounts.models import Account, Contact
from crm.history.rules import UNDO_DAYS
from crm.slots import ImportColumn, ImportCounts, ImportKind, ImportRows, import_kinds
from crm.timeline.actions import record_found
from crm.web import clock
from retention.usage.models import UsageDay
from retention.usage.undoing import FIRST_USE, undo

USAGE_COLUMNS = {
    "account_external_id": ImportColumn("key", max_length=120, example="acme-1"),
    "contact_email": ImportColumn("email", example="anna@acme.example"),
    "feature": ImportColumn(required=True, filled=True, max_length=120, example="exports"),
    "occurred_at": ImportColumn("moment", required=True, filled=True, example="2026-03-31T14:05:00Z"),
    "count": ImportColumn("whole", example="3"),
}

#: What one day's count can hold.
MOST = 2**31 - 1

#: Clocks differ, and a day's total is often dated at its end; later than that is a mistake.
AHEAD = timedelta(days=1)


def load_usage(rows: ImportRows, now: datetime) -> ImportCounts:
    """Set the counts of the days that the file tells of: its rows of one day add up and replace what was there.

    So the same file again changes nothing. A row without count counts 1; one without account is of the contact's.
    """
    _link(rows)
    _reject(rows, now)
    rows.run("DROP TABLE IF EXISTS pg_temp.import_days")
    zone = clock.zone().key
    rows.run(_SUM, zone=zone)
    rows.reject(
        f"EXISTS (SELECT 1 FROM import_days d WHERE {_SAME_DAY} AND d.total > %(most)s)",  # noqa: S608
        "count", "makes the day's count larger than can be kept", f"Keep a day's count within {MOST}.",
        most=MOST, zone=zone,
    )  # fmt: skip
    rows.run("DELETE FROM import_days WHERE total > %(most)s", most=MOST)
    rows.run("ANALYZE pg_temp.import_days")
    _set_days(rows, now)
    rows.run(_SEEN.format(by="contact"))
    rows.run(_SEEN.format(by="account"))
    record_found(_FIRST_USES, {"now": now}, now=now)
    (counts,) = rows.all(_COUNTS)
    return ImportCounts(*counts)


def _link(rows: ImportRows) -> None:
    rows.links(
        account_id=(Account, "external_id", "account_external_id", "id"),
        contact_id=(Contact, "email", "contact_email", "id"),
        home_id=(Contact, "email", "contact_email", "account_id"),
    )
    rows.run("UPDATE import_rows SET account_id = home_id WHERE account_external_id IS NULL")


def _reject(rows: ImportRows, now: datetime) -> None:
    rows.reject(
        "r.account_external_id IS NOT NULL AND r.account_id IS NULL", "account_external_id",
        "is the id of no customer here", "Import the customers first, or correct the id.",
    )  # fmt: skip
    rows.reject(
        "r.contact_email IS NOT NULL AND r.contact_id IS NULL", "contact_email",
        "is the address of no contact", "Import the contact first, or leave it blank to count for the account alone.",
    )  # fmt: skip
    rows.reject(
        "r.home_id <> r.account_id", "contact_email", "is the address of somebody at another account",
        "Correct the account or the address.",
    )  # fmt: skip
    rows.reject(
        "r.occurred_at > %(limit)s", "occurred_at", "lies in the future", "Correct the moment, or its time zone.",
        limit=now + AHEAD,
    )  # fmt: skip


_DAY = "(occurred_at AT TIME ZONE %(zone)s)::date"

# Linked to the file's rows by what makes a day's count one.
_SAME_DAY = f"""d.account_id = r.account_id AND d.feature = r.feature AND d.day = {_DAY}
    AND coalesce(d.contact_id, 0) = coalesce(r.contact_id, 0)"""

# A moment counts as a visit only if there was use, and none lies ahead of us. `known`: the day that is there already.
_SUM = f"""
    CREATE TEMP TABLE import_days ON COMMIT DROP AS
    SELECT d.*, u.id AS known, (u.count, u.last_at) IS DISTINCT FROM (d.total, d.last_at) AS differs
    FROM (
        SELECT account_id, contact_id, feature, {_DAY} AS day, sum(coalesce(count, 1)) AS total, count(*) AS rows,
            max(least(occurred_at, %(now)s)) FILTER (WHERE coalesce(count, 1) > 0) AS last_at,
            min(least(occurred_at, %(now)s)) FILTER (WHERE coalesce(count, 1) > 0) AS first_at
        FROM import_rows GROUP BY 1, 2, 3, 4 ORDER BY 1, 3, 4, 2
    ) d LEFT JOIN retention_usageday u ON u.account_id = d.account_id AND u.feature = d.feature AND u.day = d.day
        AND u.contact_id IS NOT DISTINCT FROM d.contact_id
"""  # noqa: S608  (a constant of ours)

_ADD = """
    INSERT INTO retention_usageday (account_id, contact_id, feature, day, count, last_at, file)
    SELECT account_id, contact_id, feature, day, total, last_at, %(file)s::bigint FROM import_days
    WHERE known IS NULL ORDER BY account_id, feature, day, contact_id RETURNING id
"""
_REMEMBER = """
    INSERT INTO retention_usagebefore (import_id, day_id, count, last_at, file)
    SELECT %(file)s, u.id, u.count, u.last_at, u.file FROM import_days d JOIN retention_usageday u ON u.id = d.known
    WHERE d.differs
"""
_CHANGE = """
    UPDATE retention_usageday u SET count = d.total, last_at = d.last_at, file = %(file)s
    FROM import_days d WHERE u.id = d.known AND d.differs
"""

# Forward only. Only whoever holds the lock of all imports moves several, so no order of rows is needed by locks; but in
# the order of their ids neighbours lie on one page.
_SEEN = """
    UPDATE crm_{by}seen t SET at = d.at
    FROM (SELECT {by}_id, max(last_at) AS at FROM import_days WHERE last_at IS NOT NULL GROUP BY {by}_id
        ORDER BY {by}_id) d
    WHERE t.{by}_id = d.{by}_id AND (t.at < d.at OR t.at IS NULL)
"""

# The first use of a feature by an account is a fact, once; from a file it is history.
_FIRST_USES = f"""
    SELECT account_id, NULL::bigint, 'usage.first', at, 'import', NULL::bigint, 'product', 'First use of ' || feature,
        jsonb_build_object('feature', feature), {FIRST_USE}
    FROM (SELECT account_id, feature, min(first_at) AS at FROM import_days WHERE first_at IS NOT NULL
        GROUP BY account_id, feature ORDER BY account_id, feature) first
"""  # noqa: S608  (a constant of ours)

_COUNTS = """
    SELECT coalesce(sum(rows) FILTER (WHERE known IS NULL), 0)::bigint,
        coalesce(sum(rows) FILTER (WHERE known IS NOT NULL AND differs), 0)::bigint FROM import_days
"""


# What no undo will ask for any more.
_FORGET = """
    DELETE FROM retention_usagebefore WHERE import_id IN (SELECT id FROM crm_import WHERE finished_at < %(before)s)
"""


def _set_days(rows: ImportRows, now: datetime) -> None:
    if rows.import_id is None:
        rows.run(_ADD, file=None)
    else:
        rows.run(_FORGET, before=now - timedelta(days=UNDO_DAYS))
        rows.note("created", UsageDay, _ADD, file=rows.import_id)
        rows.run(_REMEMBER, file=rows.import_id)
    rows.run(_CHANGE, file=rows.import_id)


def register_imports() -> None:
    """What the room's slots give to the imports."""
    import_kinds.register(
        "usage",
        ImportKind(
            USAGE_COLUMNS,
            load_usage,
            one_of=("account_external_id", "contact_email"),
            order=4,
            label="Usage",
            hint="How often a feature was used on a day",
            undo=undo,
        ),
    )
