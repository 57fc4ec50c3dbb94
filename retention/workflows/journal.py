"""What the journal says of workflows: steps whose message or task is missing, what was forgotten, what is parked."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from retention.workflows.models import WAITING_SINCE

#: An enrollment of a running workflow that has waited for so long has been forgotten rather than queued.
LONG_DUE = timedelta(hours=1)

_QUERIES: dict[str, tuple[tuple[str, str], ...]] = {
    "lost": (
        (
            "SELECT r.id, r.kind FROM retention_steprun r WHERE r.kind IN ('message', 'notify')"
            " AND r.detail @> '{\"planned\": true}' AND NOT EXISTS ("
            "   SELECT 1 FROM crm_outboundmessage m WHERE m.origin = 'workflow' AND m.origin_id = r.id)",
            "step run {} ({}) planned a mail, and there is none",
        ),
        (
            "SELECT r.id, r.kind FROM retention_steprun r WHERE r.kind = 'task' AND NOT r.detail ? 'held_out'"
            " AND NOT EXISTS ("
            "   SELECT 1 FROM crm_task t WHERE t.origin = 'workflow' AND t.origin_id = r.id)",
            "step run {} ({}) made a task, and there is none",
        ),
        (
            "SELECT e.id, to_char(e.due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"  # noqa: S608  (SQL of ours)
            " FROM retention_enrollment e JOIN retention_workflow w ON w.id = e.workflow_id"
            " WHERE w.state = 'on' AND e.state = 'active' AND e.due_at < %(long_due)s"
            " AND " + WAITING_SINCE + " < %(long_due)s",
            "enrollment {} has been due since {} UTC",
        ),
    ),
    "parked": (
        (
            "SELECT id, ended_because FROM retention_enrollment WHERE state = 'parked'",
            "enrollment {} is parked: {}",
        ),
        ("SELECT entry_id, error FROM crm_pending WHERE parked_at IS NOT NULL", "fact {} is parked: {}"),
    ),
    "doubled": (
        (
            "SELECT min(r.id), count(*) FROM retention_steprun r JOIN crm_outboundmessage m"
            " ON m.origin = 'workflow' AND m.origin_id = r.id GROUP BY r.id, m.user_id HAVING count(*) > 1",
            "step run {} has {} messages",
        ),
    ),
}


def check(now: datetime) -> dict[str, list[str]]:
    """Lines for people, by kind."""
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        for kind, queries in _QUERIES.items():
            for query, line in queries:
                cursor.execute(query, {"long_due": now - LONG_DUE})
                found.setdefault(kind, []).extend(line.format(*row) for row in cursor.fetchall())
    return found
