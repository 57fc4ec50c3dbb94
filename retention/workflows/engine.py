"""The engine: claims enrollments that are due, walks them through their steps, and commits each batch whole.

A worker killed at any instant leaves all of a batch or nothing of it. A batch announces itself as a `Trial` in a
commit of its own; when its process dies or it fails, the trial counts one attempt for each of its enrollments, and
those are tried again in smaller and smaller batches until the one that fails is alone and is parked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction
from psycopg.types.json import Jsonb

from retention.workflows import brake, published, rules, steps  # noqa: F401  (registers them)
from retention.workflows.batch import Batch
from retention.workflows.changing import passing
from retention.workflows.experiments import sparing
from retention.workflows.kinds import step_kinds
from retention.workflows.leaving import who_leaves
from retention.workflows.models import Enrollment, EnrollmentQuerySet, Trial, listed

logger = logging.getLogger(__name__)

#: Enrollments in one transaction: about 5 MB of rows, and well under a second.
FULL_BATCH = 1000
#: Steps that one enrollment may run at one moment. A way through a definition cannot loop, so this is never reached.
MOST_HOPS = 200

#: SQL: nobody has stopped everything automatic.
MOVES = "NOT EXISTS (SELECT FROM crm_switch WHERE scope = 'automatic')"


def advance(now: datetime) -> int:
    """One batch for every running workflow that has somebody due. Returns how many enrollments were tried."""
    Trial.count_the_fallen(now)
    tried = 0
    for workflow_id, braked in _with_somebody_due(now):
        for choose in (_fresh, _suspects):
            if trial := _take(choose, workflow_id, now):
                tried += _try(trial, workflow_id, now)
                if braked:
                    break  # one batch shows whether it goes again
    return tried


def _with_somebody_due(now: datetime) -> list[tuple[int, bool]]:
    """The running workflows that have work and do not rest, in one statement and one look into the index for each.

    With each, whether the brake is on.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT w.id, {brake.IS_ON} FROM retention_workflow w CROSS JOIN LATERAL (
                SELECT FROM retention_enrollment
                WHERE workflow_id = w.id AND state = 'active' AND due_at <= %(now)s ORDER BY due_at LIMIT 1
            ) AS due
            WHERE w.state = 'on' AND {MOVES} AND (w.rests_until IS NULL OR w.rests_until <= %(now)s) ORDER BY w.id
            """,  # noqa: S608  (a constant of ours)
            {"now": now},
        )
        return [(workflow_id, braked) for workflow_id, braked in cursor.fetchall()]


def next_due(now: datetime) -> datetime | None:
    """When the next enrollment of a running workflow falls due, or a workflow has rested."""
    with connection.cursor() as cursor:
        # One look into the index for each workflow, however many are enrolled.
        cursor.execute(
            f"""
            SELECT min(due.at) FROM retention_workflow w CROSS JOIN LATERAL (
                (SELECT due_at FROM retention_enrollment
                WHERE workflow_id = w.id AND state = 'active' AND due_at > %(now)s ORDER BY due_at LIMIT 1)
                UNION ALL SELECT w.rests_until WHERE w.rests_until > %(now)s
            ) AS due(at) WHERE w.state = 'on' AND {MOVES}
            """,  # noqa: S608  (a constant of ours)
            {"now": now},
        )
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def _fresh(due: EnrollmentQuerySet) -> list[int]:
    """Ids of the next full batch of those that never failed."""
    return list(due.filter(attempts=0).order_by("due_at", "id").values_list("id", flat=True)[:FULL_BATCH])


def _suspects(due: EnrollmentQuerySet) -> list[int]:
    """Ids of the next batch of those that failed before, the least often first."""
    failed = due.filter(attempts__gt=0).order_by("attempts", "due_at", "id")
    attempts = failed.values_list("attempts", flat=True).first()
    if attempts is None:
        return []
    size = rules.batch_size(attempts, FULL_BATCH)
    return list(failed.filter(attempts=attempts).values_list("id", flat=True)[:size])


def _take(choose: Callable[[EnrollmentQuerySet], list[int]], workflow_id: int, now: datetime) -> Trial | None:
    """Choose a batch that no other worker is trying, and announce it; one worker of a workflow at a time does so."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('retention.engine'), %s)", [workflow_id])
        due = Enrollment.objects.active().filter(workflow_id=workflow_id, due_at__lte=now)
        ids = choose(due.exclude(id__in=Trial.taken()))
        return Trial.announce(now, ids) if ids else None


def _try(trial: Trial, workflow_id: int, now: datetime) -> int:
    try:
        with transaction.atomic():
            tried = _run(trial.enrollment_ids, workflow_id, now)
            trial.delete()
    except Exception as error:
        if not connection.is_usable():
            raise  # the database went away; the trial is settled when it is back
        logger.exception("A batch of %d enrollments failed", len(trial.enrollment_ids))
        trial.fail(error, now)
        brake.stumbled(workflow_id, len(trial.enrollment_ids), error, now)
        if isinstance(error, SoftTimeLimitExceeded):
            raise  # what goes on after it is killed in the middle of something else
        return len(trial.enrollment_ids)
    brake.release(workflow_id)
    return tried


def _run(ids: Sequence[int], workflow_id: int, now: datetime) -> int:
    """Lock those that are still due and that nobody else holds, and walk them as far as they go at this moment.

    The workflow's row is held too: whoever pauses it waits for this batch, and after that nobody moves.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WORKFLOW, [workflow_id])
        if not (workflow := cursor.fetchone()):
            return 0
    slug, begin, end = workflow
    locked = Enrollment.objects.active().filter(id__in=listed(ids), due_at__lte=now).order_by("version_id", "id")
    rows = list(locked.select_for_update(skip_locked=True))
    for version_id, group in groupby(rows, key=lambda row: row.version_id):
        batch = Batch(slug, published.of_version(version_id), list(group), now, skips=(begin, end) if end else None)
        _walk(batch)
        batch.write()
        _keep(batch.enrollments)
    return len(rows)


_WORKFLOW = f"""
    SELECT slug, skips_from, skips_until FROM retention_workflow WHERE id = %s AND state = 'on' AND {MOVES} FOR SHARE
"""  # noqa: S608  (a constant of ours)


def _walk(batch: Batch) -> None:
    _leave_early(batch)
    for _ in range(MOST_HOPS):
        standing = [e for e in batch.enrollments if e.state == Enrollment.State.ACTIVE and e.due_at <= batch.now]
        if not standing:
            return
        standing.sort(key=lambda e: e.step_id)
        for step_id, group in groupby(standing, key=lambda e: e.step_id):
            step = batch.definition.by_id[step_id]
            here = list(group)
            running = sparing.who_gets_it(step, passing.who_runs(step, here, batch), batch)
            if running:
                step_kinds[step.do].verb(step, running, batch)
            for enrollment in here:
                passing.go_past(enrollment)
                if not enrollment.step_id:
                    _finish(enrollment, Enrollment.State.DONE, enrollment.ended_because or "All steps done", batch.now)
    raise RuntimeError(f"An enrollment ran {MOST_HOPS} steps at one moment")


def _leave_early(batch: Batch) -> None:
    """Who leaves goes before the next step runs."""
    leaving = who_leaves(batch.definition, batch.enrollments, batch.now)
    for enrollment in batch.enrollments:
        if left := leaving.get(enrollment.pk):
            _finish(enrollment, left.state, left.because, batch.now)


def _finish(enrollment: Enrollment, state: str, because: str, now: datetime) -> None:
    enrollment.state, enrollment.ended_because, enrollment.ended_at = state, because, now


def _keep(enrollments: Sequence[Enrollment]) -> None:
    rows = [
        {
            "id": e.pk, "state": e.state, "step_id": e.step_id, "due_at": e.due_at.isoformat(),
            "awaits_until": e.awaits_until and e.awaits_until.isoformat(), "anchor": e.anchor and e.anchor.isoformat(),
            "wait_key": e.wait_key, "ended_at": e.ended_at and e.ended_at.isoformat(), "ended_because": e.ended_because,
        }
        for e in enrollments
    ]  # fmt: skip
    values: list[Any] = [Jsonb(rows)]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE retention_enrollment AS e SET state = n.state, step_id = n.step_id, due_at = n.due_at,
                awaits_until = n.awaits_until, anchor = n.anchor, wait_key = n.wait_key, ended_at = n.ended_at,
                ended_because = n.ended_because, attempts = 0
            FROM jsonb_to_recordset(%s) AS n(id bigint, state text, step_id text, due_at timestamptz,
                awaits_until timestamptz, anchor date, wait_key text, ended_at timestamptz, ended_because text)
            WHERE e.id = n.id
            """,
            values,
        )
