"""What a rehearsal came to, read from its shadows: a line for each thing that would happen, and figures over them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from crm.web import clock
from retention.workflows.rehearsal.scene import Scene

#: So many lines are kept, the first ones; figures count them all.
MOST_LINES = 400_000

_LINES = """
    CREATE TEMP TABLE line (
        id bigint GENERATED ALWAYS AS IDENTITY, account_id bigint, contact_id bigint, user_id bigint, at timestamptz,
        day date, kind text, step_id text, outcome text, guard text, reason text)
"""

# Who has entered by now, and who has left before the way's end. Whoever was in it before did not enter here.
_WAYS = """
    INSERT INTO line (account_id, contact_id, at, kind, step_id, outcome, guard, reason)
    SELECT account_id, contact_id, entered_at, '', '', 'entered', '', '' FROM retention_enrollment
    WHERE id >= %(first)s AND workflow_id = %(workflow)s
    UNION ALL
    SELECT account_id, contact_id, coalesce(ended_at, due_at), '', step_id,
        CASE state WHEN 'exited' THEN 'left' WHEN 'reached' THEN 'reached' ELSE 'failed' END, '', ended_because
    FROM retention_enrollment
    WHERE workflow_id = %(workflow)s AND state IN ('exited', 'reached', 'parked')
        AND coalesce(ended_at, due_at) >= %(begin)s
"""

# What was moved and then sent was held back all the same; the first guard that moved it says by what.
_MAIL = """
    INSERT INTO line (account_id, contact_id, user_id, at, kind, step_id, outcome, guard, reason)
    SELECT m.account_id, m.contact_id, m.user_id, coalesce(m.settled_at, m.due_at), r.kind, r.step_id,
        CASE WHEN m.state = 'sent' AND d.guard IS NULL THEN 'sent' WHEN m.state = 'sent' THEN 'later'
            WHEN m.state = 'due' THEN 'waiting' ELSE 'skipped' END,
        coalesce(d.guard, ''),
        CASE WHEN m.state = 'sent' THEN coalesce(d.reason, '') ELSE m.reason END
    FROM crm_outboundmessage m JOIN retention_steprun r ON r.id = m.origin_id
    JOIN retention_enrollment e ON e.id = r.enrollment_id AND e.workflow_id = %(workflow)s
    LEFT JOIN LATERAL (
        SELECT guard, reason FROM crm_decision d WHERE d.message_id = m.id ORDER BY d.id LIMIT 1) AS d ON true
    WHERE m.origin = 'workflow' AND (m.state <> 'due' OR m.guard <> '')
"""

_TASKS = """
    INSERT INTO line (account_id, contact_id, user_id, at, kind, step_id, outcome, guard, reason)
    SELECT t.account_id, t.contact_id, t.owner_id, t.due_at, r.kind, r.step_id, 'task', '', left(t.title, 300)
    FROM added_crm_task t JOIN retention_steprun r ON t.origin = 'workflow' AND r.id = t.origin_id
    JOIN retention_enrollment e ON e.id = r.enrollment_id AND e.workflow_id = %(workflow)s
"""

# Every other thing that a step did, as far as it says more than that somebody went on.
_OTHERS = """
    INSERT INTO line (account_id, contact_id, at, kind, step_id, outcome, guard, reason)
    SELECT e.account_id, e.contact_id, r.ran_at, r.kind, r.step_id,
        CASE WHEN r.detail @> '{"held_out": true}' THEN 'held_out' ELSE 'done' END, '', r.outcome
    FROM retention_steprun r JOIN retention_enrollment e ON e.id = r.enrollment_id AND e.workflow_id = %(workflow)s
    WHERE r.kind <> ALL(%(silent)s) AND r.ran_at >= %(begin)s AND NOT EXISTS (
        SELECT FROM crm_outboundmessage m WHERE m.origin = 'workflow' AND m.origin_id = r.id) AND NOT EXISTS (
        SELECT FROM added_crm_task t WHERE t.origin = 'workflow' AND t.origin_id = r.id)
"""
#: Steps that only lead from one to the next.
_SILENT = ["wait", "await", "branch", "split", "end"]

_DAYS = """
    SELECT day, outcome, kind, guard, count(*), count(DISTINCT account_id) FROM line
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""

_TEAM = """
    SELECT line.user_id, day, count(*) FROM line WHERE outcome = 'task' GROUP BY 1, 2 ORDER BY 1, 2
"""

# What people have to do in these days in any case.
_DUE = """
    SELECT owner_id, (due_at AT TIME ZONE %(zone)s)::date, count(*) FROM public.crm_task
    WHERE done_at IS NULL AND due_at >= %(begin)s AND due_at < %(end)s GROUP BY 1, 2
"""

_KEEP = """
    INSERT INTO retention_rehearsalline
        (rehearsal_id, account_id, contact_id, user_id, at, day, kind, step_id, outcome, guard, reason)
    SELECT %s, account_id, contact_id, user_id, at, day, kind, step_id, outcome, guard, left(reason, 300) FROM (
        SELECT * FROM line ORDER BY at, id LIMIT %s) AS first ORDER BY at, id
"""


def prepare(scene: Scene) -> None:
    """Before the scene is closed off: where the lines will stand."""
    scene.session.run(_LINES)


def tell(scene: Scene) -> dict[str, Any]:
    """Write the lines into their table of the session, and return the figures over them."""
    session, plan, zone = scene.session, scene.plan, str(clock.zone())
    values = {"first": scene.first_id, "workflow": plan.workflow_id, "begin": plan.begin, "silent": _SILENT}
    session.run("ANALYZE crm_outboundmessage, retention_steprun, retention_enrollment, crm_decision, added_crm_task")
    for statement in (_WAYS, _MAIL, _TASKS, _OTHERS):
        session.run(statement, values)
    session.run("UPDATE line SET day = (at AT TIME ZONE %s)::date", [zone])
    session.run("ANALYZE line")
    return {
        "days": [_day(row) for row in session.rows(_DAYS)],
        "reached_people": session.rows(
            "SELECT count(DISTINCT coalesce(contact_id, -account_id)) FROM line"
            " WHERE outcome IN ('sent', 'later') AND user_id IS NULL"
        )[0][0],
        "entered": session.rows("SELECT count(*) FROM line WHERE outcome = 'entered'")[0][0],
        "was_in_it": session.rows(
            "SELECT count(*) FROM retention_enrollment WHERE id < %s AND workflow_id = %s AND (state = 'active'"
            " OR ended_at >= %s)", [scene.first_id, plan.workflow_id, plan.begin],
        )[0][0],
        "under_way": session.rows(
            "SELECT count(*) FROM retention_enrollment WHERE workflow_id = %s AND state = 'active'", [plan.workflow_id]
        )[0][0],
        "held_back": session.rows(
            "SELECT guard, count(*) FROM line WHERE outcome IN ('later', 'skipped', 'waiting')"
            " GROUP BY 1 ORDER BY 2 DESC, 1"
        ),
        "team": [[user, day.isoformat(), count] for user, day, count in session.rows(_TEAM)],
        "due_already": [] if plan.back else [
            [user, day.isoformat(), count]
            for user, day, count in session.rows(_DUE, {"zone": zone, "begin": plan.begin, "end": plan.end})
        ],
        "lines": session.rows("SELECT count(*) FROM line")[0][0],
    }  # fmt: skip


def keep(scene: Scene, rehearsal_id: int) -> None:
    """The one thing that the session writes for others to see: the lines."""
    scene.session.reopen()
    scene.session.run(_KEEP, [rehearsal_id, MOST_LINES])


def _day(row: tuple[Any, ...]) -> list[Any]:
    day, *rest = row
    return [day.isoformat() if isinstance(day, (date, datetime)) else day, *rest]
