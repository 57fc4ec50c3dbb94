"""A file of usage taken back: its days go, or are again what they were, and what is derived from days follows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from crm.slots import ImportUndone
from crm.web import clock

#: Days that the page of an undo names; all others are counted.
NAMED = 1_000

#: SQL: the key of the fact that an account has used a feature for the first time.
FIRST_USE = "'usage.first:' || account_id || ':' || feature"


def undo(import_id: int, now: datetime) -> ImportUndone:
    """Set by set, in the caller's transaction, which holds the lock of all imports.

    A day that another file, or a merge, has counted since stays. When that file is undone as well, the day goes back
    to what it was before this one.
    """
    values: dict[str, Any] = {"import": import_id, "zone": clock.zone().key, "now": now, "named": NAMED}
    with connection.cursor() as cursor:

        def run(statement: str) -> int:
            cursor.execute(statement, values)
            return int(cursor.rowcount)

        for statement in _FIND:
            run(statement)
        run(_KEPT)
        kept = [(pk, name, "something else has counted it since") for pk, name in cursor.fetchall()]
        run("SELECT count(*) FROM usage_back WHERE NOT ours")
        (stayed,) = cursor.fetchone()
        for statement in _PASS_ON:
            run(statement)
        restored, removed = run(_RESTORE), run(_REMOVE)
        run(_SEEN.format(by="account"))
        run(_SEEN.format(by="contact"))
        run(_FORGET_FIRST_USES)
    return ImportUndone(removed, restored, "retention.UsageDay", kept, stayed - len(kept))


# Every day that the file has set: `ours` as long as nothing else has set it since; `had`: it was there before.
_FIND: tuple[Any, ...] = (
    "DROP TABLE IF EXISTS pg_temp.usage_back",
    """
    CREATE TEMP TABLE usage_back ON COMMIT DROP AS
    SELECT u.id, u.account_id, u.contact_id, u.feature, coalesce(u.file = %(import)s, FALSE) AS ours,
        b.count IS NOT NULL AS had, b.count, b.last_at, b.file, u.last_at AS given
    FROM retention_usageday u LEFT JOIN retention_usagebefore b ON b.day_id = u.id AND b.import_id = %(import)s
    WHERE u.id IN (
        SELECT s.id FROM crm_importedrange i JOIN retention_usageday s ON s.id BETWEEN i.first AND i.last
            WHERE i.of_id = %(import)s AND i."table" = 'retention.UsageDay' AND i.role = 'created'
        UNION SELECT day_id FROM retention_usagebefore WHERE import_id = %(import)s)
    """,
    "CREATE INDEX ON usage_back (id)",
    "ANALYZE pg_temp.usage_back",
)

_KEPT = """
    SELECT u.id, u.feature || ', ' || to_char(u.day, 'YYYY-MM-DD') || ', ' || a.name FROM usage_back t
    JOIN retention_usageday u USING (id) JOIN crm_account a ON a.id = u.account_id
    WHERE NOT t.ours ORDER BY u.id LIMIT %(named)s
"""

# Whoever came behind us on a day finds there, when it is undone, what we had found.
_PASS_ON = (
    """
    UPDATE retention_usagebefore later SET count = t.count, last_at = t.last_at, file = t.file
    FROM usage_back t WHERE later.day_id = t.id AND NOT t.ours AND later.file = %(import)s
    """,
    "DELETE FROM retention_usagebefore WHERE import_id = %(import)s",
)

_RESTORE = """
    UPDATE retention_usageday u SET count = t.count, last_at = t.last_at, file = t.file
    FROM usage_back t WHERE u.id = t.id AND t.ours AND t.had
"""
_REMOVE = "DELETE FROM retention_usageday u USING usage_back t WHERE u.id = t.id AND t.ours AND NOT t.had"

# Whoever was last seen by this file was last seen at the latest use that is left; a day of which nobody noted the
# moment ends at its end. Never forward.
_SEEN = """
    UPDATE crm_{by}seen s SET at = d.at FROM (
        SELECT t.{by}_id, max(coalesce(u.last_at, (u.day + 1)::timestamp AT TIME ZONE %(zone)s)) AS at
        FROM (SELECT b.{by}_id FROM usage_back b JOIN crm_{by}seen seen USING ({by}_id) WHERE b.ours
            GROUP BY b.{by}_id HAVING max(b.given) >= max(seen.at)) t
        LEFT JOIN retention_usageday u ON u.{by}_id = t.{by}_id AND u.count > 0 GROUP BY t.{by}_id
    ) d WHERE s.{by}_id = d.{by}_id AND (d.at < s.at OR d.at IS NULL)
"""

_FORGET_FIRST_USES = f"""
    DELETE FROM crm_timelineentry WHERE key IN (
        SELECT {FIRST_USE} FROM (SELECT DISTINCT account_id, feature FROM usage_back WHERE ours) t
        WHERE NOT EXISTS (SELECT FROM retention_usageday u
            WHERE u.account_id = t.account_id AND u.feature = t.feature AND u.count > 0))
"""  # noqa: S608  (a constant of ours)
