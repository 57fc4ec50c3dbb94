"""Usage from files: counts by day, when somebody was last seen, and the first use of each feature as a fact."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from crm.accounts.models import Account, Contact
from crm.slots import ImportColumn, ImportCounts, ImportKind, ImportRows, import_kinds
from crm.timeline.actions import Fact, record
from crm.web import clock

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
    rows.run(_SUM)
    rows.reject(
        f"EXISTS (SELECT 1 FROM import_days d WHERE {_SAME_DAY} AND d.total > %(most)s)",  # noqa: S608
        "count", "makes the day's count larger than can be kept", f"Keep a day's count within {MOST}.", most=MOST,
    )  # fmt: skip
    rows.run("DELETE FROM import_days WHERE total > %(most)s", most=MOST)
    counts = _count(rows)
    rows.run(_SET)
    _see(rows, now)
    _note_first_uses(rows, now)
    return counts


def _link(rows: ImportRows) -> None:
    rows.link("account_id", Account, "external_id", "account_external_id")
    rows.link("contact_id", Contact, "email", "contact_email")
    rows.run("ALTER TABLE import_rows ADD COLUMN day date")
    rows.run(
        """
        UPDATE import_rows r SET day = (occurred_at AT TIME ZONE %(zone)s)::date, count = coalesce(r.count, 1),
            account_id = CASE WHEN account_external_id IS NULL
                THEN (SELECT c.account_id FROM crm_contact c WHERE c.id = r.contact_id) ELSE account_id END
        """,
        zone=clock.zone().key,
    )


def _reject(rows: ImportRows, now: datetime) -> None:
    rows.reject(
        "r.account_external_id IS NOT NULL AND r.account_id IS NULL", "account_external_id",
        "is the external_id of no account", "Import the account first, or correct the id.",
    )  # fmt: skip
    rows.reject(
        "r.contact_email IS NOT NULL AND r.contact_id IS NULL", "contact_email",
        "is the address of no contact", "Import the contact first, or leave it blank to count for the account alone.",
    )  # fmt: skip
    rows.reject(
        "EXISTS (SELECT 1 FROM crm_contact c WHERE c.id = r.contact_id AND c.account_id <> r.account_id)",
        "contact_email", "is the address of somebody at another account", "Correct the account or the address.",
    )  # fmt: skip
    rows.reject(
        "r.occurred_at > %(limit)s", "occurred_at", "lies in the future", "Correct the moment, or its time zone.",
        limit=now + AHEAD,
    )  # fmt: skip


# Linked to the file's rows by what makes a day's count one.
_SAME_DAY = """d.account_id = r.account_id AND d.feature = r.feature AND d.day = r.day
    AND coalesce(d.contact_id, 0) = coalesce(r.contact_id, 0)"""

_SUM = """
    CREATE TEMP TABLE import_days ON COMMIT DROP AS
    SELECT account_id, contact_id, feature, day, sum(count) AS total, count(*) AS rows,
        max(occurred_at) FILTER (WHERE count > 0) AS last_at, min(occurred_at) FILTER (WHERE count > 0) AS first_at
    FROM import_rows GROUP BY account_id, contact_id, feature, day
"""

_KNOWN = """
    SELECT coalesce(sum(d.rows) FILTER (WHERE u.id IS NULL), 0),
        coalesce(sum(d.rows) FILTER (WHERE u.count <> d.total), 0)
    FROM import_days d LEFT JOIN retention_usageday u ON u.account_id = d.account_id AND u.feature = d.feature
        AND u.day = d.day AND u.contact_id IS NOT DISTINCT FROM d.contact_id
"""

# In the order of the unique key, so that two writers never wait for each other in a ring.
_SET = """
    INSERT INTO retention_usageday AS u (account_id, contact_id, feature, day, count)
    SELECT account_id, contact_id, feature, day, total FROM import_days
    ORDER BY account_id, feature, day, contact_id
    ON CONFLICT (account_id, feature, day, contact_id) DO UPDATE SET count = excluded.count
    WHERE u.count <> excluded.count
"""

_SEE = """
    WITH seen AS (
        SELECT {by} AS id, least(max(last_at), %(now)s) AS at FROM import_days
        WHERE {by} IS NOT NULL AND last_at IS NOT NULL GROUP BY {by}
    ), locked AS MATERIALIZED (
        SELECT t.id FROM {table} t JOIN seen USING (id) WHERE t.last_seen_at IS NULL OR t.last_seen_at < seen.at
        ORDER BY t.id FOR NO KEY UPDATE OF t
    )
    UPDATE {table} t SET last_seen_at = greatest(t.last_seen_at, seen.at)
    FROM seen JOIN locked USING (id) WHERE t.id = seen.id
"""


def _count(rows: ImportRows) -> ImportCounts:
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN)
        created, updated = cursor.fetchone()
    return ImportCounts(int(created), int(updated))


def _see(rows: ImportRows, now: datetime) -> None:
    """Move last_seen of contacts and accounts forward, never back and never past now."""
    rows.run(_SEE.format(by="contact_id", table="crm_contact"))
    rows.run(_SEE.format(by="account_id", table="crm_account"))


_FIRST = """
    SELECT account_id, feature, min(first_at) FROM import_days d
    WHERE first_at IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM crm_timelineentry e WHERE e.key = 'usage.first:' || d.account_id || ':' || d.feature)
    GROUP BY account_id, feature ORDER BY account_id, feature
"""


def _note_first_uses(rows: ImportRows, now: datetime) -> None:
    """The first use of a feature by an account is a fact, once; from a file it is history and fires nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST)
        while found := cursor.fetchmany(5000):
            record([_first_use(account, feature, at, now) for account, feature, at in found], react=False, now=now)


def _first_use(account_id: int, feature: str, at: datetime, now: datetime) -> Fact:
    return Fact(
        account_id, "usage.first", f"First use of {feature}", occurred_at=min(at, now), source="import",
        channel="product", payload={"feature": feature}, key=f"usage.first:{account_id}:{feature}",
    )  # fmt: skip


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
            not_undone="A file of usage sets the counts of its days, so it is not undone: import the right file again.",
        ),
    )
