"""Taking people under way to another version: slice by slice, beside the engine, and back again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from psycopg.types.json import Jsonb

from crm.history.actions import act
from crm.history.models import Act
from crm.history.rules import UNDO_DAYS
from crm.history.undoing import Kept, Undone, from_json
from crm.outbox.actions import close_the_gate
from crm.team.models import User
from retention.workflows import published
from retention.workflows.changing.flight import DONE, IN_FLIGHT
from retention.workflows.changing.placing import SAME, Standing, place
from retention.workflows.definition import Definition
from retention.workflows.models import Enrollment, Move, Moved, Workflow

#: Enrollments in one transaction.
SLICE = 1000
#: Up to so many are moved in the request itself.
AT_ONCE = 2000
#: Of those who stay where they are after an undo, so many are named.
_NAMED = 200

ENDED = "Nothing was left to do in the version they were moved to"


def begin(workflow: Workflow, deed: Act, now: datetime, *, visit_added: bool = False) -> Move:
    """Move all who are under way in other versions to the current one; many are left to the worker.

    In the transaction of the act, which holds the workflow's row: nobody enters another version after it.
    """
    assert workflow.version_id
    Moved.objects.filter(move__begun_at__lt=now - timedelta(days=UNDO_DAYS)).delete()
    others = Enrollment.objects.filter(workflow=workflow, state__in=_INSIDE).exclude(version=workflow.version_id)
    move = Move.objects.create(
        workflow=workflow, version_id=workflow.version_id, act=deed, visit_added=visit_added,
        up_to=others.aggregate(last=Max("id"))["last"] or 0, total=others.count(), begun_at=now,
    )  # fmt: skip
    while move.total <= AT_ONCE and move.state == Move.State.RUNNING:
        _slice(move, now)
    return move


def move_all(workflow_id: int, by: User | None, now: datetime, *, visit_added: bool = False) -> Move:
    """As `begin`, in an act of its own, with words for people."""
    with act("workflow.moved", "", by, now, {"workflow": workflow_id}) as deed:
        row = Workflow.objects.select_for_update(of=("self",)).get(pk=workflow_id)
        made = begin(row, deed, now, visit_added=visit_added)
        number = row.version.number if row.version else 0
        people = f"{made.total:,} {'customer' if made.total == 1 else 'customers'}"
        deed.label = f"moved {people} of “{row}” to version {number}"
        deed.detail |= {"version": number, "people": made.total, "visit_added": visit_added}
    return made


_INSIDE = [Enrollment.State.ACTIVE, Enrollment.State.PARKED]


def work(now: datetime) -> int:
    """One slice of one move that is at work. Returns how many enrollments were looked at."""
    if not Move.objects.filter(state=Move.State.RUNNING).exists():
        return 0
    with transaction.atomic():
        running = Move.objects.filter(state=Move.State.RUNNING).order_by("id")
        move = running.select_for_update(of=("self",), skip_locked=True).first()
        return _slice(move, now) if move else 0


_NEXT = f"""
    SELECT e.id FROM retention_enrollment e WHERE {IN_FLIGHT} AND e.id > %(after)s AND e.id <= %(up_to)s
    ORDER BY e.id LIMIT %(slice)s
"""  # noqa: S608  (constants of ours)
# A batch that holds one of them is over when the lock is ours: then it is seen where that left it.
_LOCKED = f"""
    WITH locked AS MATERIALIZED (
        SELECT e.* FROM retention_enrollment e WHERE e.id = ANY(%(ids)s) AND {IN_FLIGHT} ORDER BY e.id FOR UPDATE)
    SELECT e.id FROM locked e
"""  # noqa: S608  (constants of ours)
_ROWS = f"""
    SELECT e.id, e.version_id, e.step_id, coalesce(e.passes, '{{}}')::jsonb, ran.steps, ran.latest,
        e.awaits_until IS NOT NULL OR coalesce(e.held ->> 'awaits_until', '') <> ''
    FROM retention_enrollment e CROSS JOIN LATERAL ({DONE}) AS ran WHERE e.id = ANY(%(ids)s) ORDER BY e.id
"""  # noqa: S608  (constants of ours)
# What was waited for is waited for anew where the step is another one now; a wait that has begun keeps its end.
_MOVE = """
    WITH n AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(%(rows)s) AS n(
            id bigint, step_id text, passes jsonb, anew boolean, ends boolean, latest bigint)
    ), noted AS (
        INSERT INTO retention_moved (move_id, enrollment_id, was, step_id, last_run)
        SELECT %(move)s, e.id, jsonb_build_object(
            'version_id', e.version_id, 'step_id', e.step_id, 'passes', e.passes, 'due_at', e.due_at,
            'awaits_until', e.awaits_until, 'held', e.held, 'state', e.state, 'ended_because', e.ended_because),
            n.step_id, n.latest
        FROM n JOIN retention_enrollment e ON e.id = n.id
    )
    UPDATE retention_enrollment e SET version_id = %(version)s, step_id = n.step_id,
        passes = nullif(n.passes, '{}'::jsonb),
        awaits_until = CASE WHEN n.anew THEN NULL ELSE e.awaits_until END,
        due_at = CASE WHEN n.anew AND e.held IS NULL THEN %(now)s ELSE e.due_at END,
        held = CASE WHEN n.ends THEN NULL WHEN n.anew THEN e.held || '{"awaits_until": null}' ELSE e.held END,
        state = CASE WHEN n.ends THEN 'done' ELSE e.state END,
        ended_at = CASE WHEN n.ends THEN %(now)s ELSE e.ended_at END,
        ended_because = CASE WHEN n.ends THEN %(ended)s ELSE e.ended_because END
    FROM n WHERE e.id = n.id
"""


def _slice(move: Move, now: datetime) -> int:
    """The next ones, locked in the order of their ids, as everybody locks them who waits."""
    values: dict[str, Any] = {
        "workflow": move.workflow_id, "version": move.version_id, "after": move.after, "up_to": move.up_to,
        "slice": SLICE, "now": now, "move": move.pk, "ended": ENDED,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, values)
        ids = [pk for (pk,) in cursor.fetchall()]
        if not ids:
            move.state = Move.State.DONE
            move.save(update_fields=["state"])
            return 0
        close_the_gate()  # mail of steps that are gone does not leave; before who is in it, as in `actions.disable`
        cursor.execute(_LOCKED, values | {"ids": ids})
        cursor.execute(_ROWS, values | {"ids": [pk for (pk,) in cursor.fetchall()]})
        rows = _placed(cursor.fetchall(), move)
        cursor.execute(_MOVE, values | {"rows": Jsonb(rows)})
    move.after = ids[-1]
    move.moved += len(rows)
    move.ended += sum(row["ends"] for row in rows)
    move.save(update_fields=["after", "moved", "ended"])
    return len(ids)


def _placed(rows: Sequence[Any], move: Move) -> list[dict[str, Any]]:
    """Where each of them is put; whose version cannot be read any more stays where they are."""
    to, found = published.of_version(move.version_id), []
    for pk, version_id, step_id, passes, done, latest, awaits in rows:
        if (plan := published.readable(version_id)) is None:
            continue
        at = Standing(step_id, frozenset(done), from_json(passes))
        put = place(plan, to, at, visit_added=move.visit_added)
        anew = awaits and not (put.how == SAME and _waits_alike(plan, to, step_id))
        found.append({
            "id": pk, "step_id": put.step_id, "passes": put.passes, "anew": anew, "ends": not put.step_id,
            "latest": latest,
        })  # fmt: skip
    return found


def _waits_alike(old: Definition, new: Definition, step_id: str) -> bool:
    """Whether both wait there for the same, as long."""
    was, now = old.by_id[step_id], new.by_id[step_id]
    ways = {str(way.path[0]) for step in (was, now) for way in step.ways if way.path}
    told = [
        {name: value for name, value in step.model_dump(by_alias=True).items() if name not in ways}
        for step in (was, now)
    ]
    return told[0] == told[1]


# Back again -------------------------------------------------------------------------------------------------------

_BACK = """
    WITH mine AS MATERIALIZED (
        SELECT e.id, m.was FROM retention_enrollment e JOIN retention_moved m ON m.enrollment_id = e.id
        WHERE m.move_id = %(move)s AND e.version_id = %(version)s AND e.step_id = m.step_id
            AND (e.state IN ('active', 'parked') OR (e.state = 'done' AND m.step_id = ''))
            AND NOT EXISTS (SELECT FROM retention_steprun r WHERE r.enrollment_id = e.id AND r.id > m.last_run)
        ORDER BY e.id FOR UPDATE OF e)
    UPDATE retention_enrollment e SET version_id = was.version_id, step_id = was.step_id, passes = was.passes,
        due_at = was.due_at, awaits_until = was.awaits_until, held = was.held, ended_at = NULL,
        state = CASE WHEN e.state = 'done' THEN was.state ELSE e.state END,
        ended_because = CASE WHEN e.state = 'done' THEN was.ended_because ELSE e.ended_because END
    FROM mine CROSS JOIN LATERAL jsonb_populate_record(NULL::retention_enrollment, mine.was) was
    WHERE e.id = mine.id RETURNING e.id
"""


def undo(deed: Act, by: User | None, now: datetime) -> Undone:
    """Whoever has done nothing since goes back to where they stood, in the version they came from."""
    move = Move.objects.select_for_update(of=("self",)).get(act=deed)
    values: dict[str, Any] = {"move": move.pk, "version": move.version_id}
    close_the_gate()
    with connection.cursor() as cursor:
        cursor.execute(_BACK, values)
        back = cursor.rowcount
    Move.objects.filter(pk=move.pk).update(state=Move.State.UNDONE)
    staying = Enrollment.objects.filter(version=move.version_id, pk__in=move.rows.values("enrollment"))
    kept = [
        Kept(str(row.account), str(row.workflow), None, "", None, "they have gone on since", "retention.Enrollment",
             row.pk)
        for row in staying.select_related("account", "workflow").order_by("pk")[:_NAMED]
    ]  # fmt: skip
    return Undone(back, kept, max(move.moved - back - len(kept), 0))
