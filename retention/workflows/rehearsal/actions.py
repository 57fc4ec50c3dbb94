"""The verbs of rehearsals: ask for one, cancel it, and play what waits, one at a time."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from datetime import datetime, timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connection, connections, transaction

from crm.team.models import User
from crm.web import clock
from retention.workflows.definition import Definition, DefinitionError, parse
from retention.workflows.models import Workflow
from retention.workflows.rehearsal import outcome, session
from retention.workflows.rehearsal.models import KEPT, Rehearsal
from retention.workflows.rehearsal.scene import Plan, Scene
from retention.workflows.rehearsal.walk import Stuck, Walk

logger = logging.getLogger(__name__)

#: So many may wait; whoever comes later is asked to come again.
MOST_WAITING = 10
#: A rehearsal whose workers die so often is given up.
MOST_ATTEMPTS = 2
#: Of one workflow so many are kept, with all their people.
MOST_KEPT = 6
#: Seconds that one may take; it is stopped then.
LONGEST = 900
#: Seconds between two looks at whether it is still wanted, which also tell how far it has come.
LOOK_EVERY = 0.5

_FAILED = "Something is wrong on our side; an admin finds it in the worker’s log. Nothing was changed or sent."


class RehearsalError(ValueError):
    """It cannot be asked for; the text says why and what to do, for people."""


class Cancelled(Exception):
    """Nobody wants it any more."""


def ask(
    slug: str,
    plan: Definition,
    source: str,
    span: str,
    by: User | None,
    now: datetime,
    *,
    include_current: bool = False,
) -> Rehearsal:
    """Let a worker play it. Raises RehearsalError."""
    if Rehearsal.objects.filter(state=Rehearsal.State.WAITING).count() >= MOST_WAITING:
        raise RehearsalError(f"{MOST_WAITING} rehearsals wait already. Try again when some are done.")
    data = plain(plan)
    try:
        with transaction.atomic():
            return Rehearsal.objects.create(
                slug=slug, name=plan.name, definition=data, digest=digest(data), source=source[:60], span=span,
                include_current=include_current and span == Rehearsal.Span.AHEAD, asked_at=now, asked_by=by,
            )  # fmt: skip
    except IntegrityError:
        raise RehearsalError("This workflow is being rehearsed already. Wait for it, or cancel it first.") from None


def plain(plan: Definition) -> dict[str, Any]:
    data: dict[str, Any] = plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    return data


def digest(data: Any) -> str:
    """By which two definitions are known to be the same."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def cancel(slug: str, pk: int, now: datetime) -> bool:
    """False: it was over already. A worker that plays it notices within a moment."""
    rows = Rehearsal.objects.open().filter(slug=slug, pk=pk)
    return bool(rows.update(state=Rehearsal.State.CANCELLED, finished_at=now))


def run(now: datetime) -> int:
    """Play the rehearsal that waits longest, whole; returns 1, or 0 when none waits or another worker is at one."""
    _settle_the_fallen(now)
    rehearsal = _claim(now)
    if rehearsal is None:
        tidy(now)
        return 0
    try:
        result = _play(rehearsal)
    except Cancelled:
        rehearsal.lines.all().delete()
    except (Stuck, DefinitionError) as error:
        _fail(rehearsal, str(error))
    except SoftTimeLimitExceeded:
        _fail(rehearsal, "It took too long and was stopped. Narrow the trigger, or try it at a quieter hour.")
        raise
    except Exception:
        if not connection.is_usable():
            raise  # the database went away; the next worker begins again
        logger.exception("Rehearsal %d failed", rehearsal.pk)
        _fail(rehearsal, _FAILED)
    else:
        running = Rehearsal.objects.filter(pk=rehearsal.pk, state=Rehearsal.State.RUNNING)
        if not running.update(state=Rehearsal.State.DONE, finished_at=clock.now(), result=result):
            rehearsal.lines.all().delete()
    return 1


def _fail(rehearsal: Rehearsal, error: str) -> None:
    running = Rehearsal.objects.filter(pk=rehearsal.pk, state=Rehearsal.State.RUNNING)
    running.update(state=Rehearsal.State.FAILED, finished_at=clock.now(), error=error)
    rehearsal.lines.all().delete()


# A worker whose session is gone is dead: what it played begins again, or is given up when that happens again.
_FALLEN = """
    UPDATE retention_rehearsal r SET state = CASE WHEN attempts >= %(most)s THEN 'failed' ELSE 'waiting' END,
        finished_at = CASE WHEN attempts >= %(most)s THEN %(now)s::timestamptz END,
        error = CASE WHEN attempts >= %(most)s THEN %(error)s ELSE '' END
    WHERE state = 'running' AND NOT EXISTS (
        SELECT FROM pg_stat_get_activity(r.backend_pid) a WHERE a.backend_start = r.backend_start)
"""

_CLAIM = """
    UPDATE retention_rehearsal r SET state = 'running', started_at = %(now)s, attempts = attempts + 1,
        reached_at = NULL, backend_pid = a.pid, backend_start = a.backend_start
    FROM pg_stat_get_activity(pg_backend_pid()) a WHERE r.id = (
        SELECT id FROM retention_rehearsal WHERE state = 'waiting' ORDER BY asked_at, id LIMIT 1)
        AND NOT EXISTS (SELECT FROM retention_rehearsal WHERE state = 'running')
    RETURNING r.id
"""


def _settle_the_fallen(now: datetime) -> None:
    error = "The worker died while it played this, twice. An admin finds the reason in its log."
    with connection.cursor() as cursor:
        cursor.execute(_FALLEN, {"most": MOST_ATTEMPTS, "now": now, "error": error})


def _claim(now: datetime) -> Rehearsal | None:
    """One at a time, whatever asks for it: it would keep two workers from their work."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('retention.rehearsal'))")
        if not cursor.fetchone()[0]:
            return None
        cursor.execute(_CLAIM, {"now": now})
        found = cursor.fetchone()
    if not found:
        return None
    rehearsal = Rehearsal.objects.get(pk=found[0])
    rehearsal.lines.all().delete()
    return rehearsal


def _play(rehearsal: Rehearsal) -> dict[str, Any]:
    assert rehearsal.started_at is not None
    plan, meter = _plan(rehearsal, rehearsal.started_at), _Meter(rehearsal)
    with session.opened() as own:
        scene = Scene(own, plan)
        scene.set_up()
        outcome.prepare(scene)
        own.close_off()
        walk = Walk(scene, meter.look)
        walk.run()
        result = outcome.tell(scene)
        meter.look(plan.end, at_once=True)
        outcome.keep(scene, rehearsal.pk)
    return result | {"stops": walk.stops, "seconds": round(time.monotonic() - meter.began, 1)}


def _plan(rehearsal: Rehearsal, now: datetime) -> Plan:
    back, length = rehearsal.span == Rehearsal.Span.BACK, timedelta(days=rehearsal.days)
    begin, end = (now - length, now) if back else (now, now + length)
    Rehearsal.objects.filter(pk=rehearsal.pk).update(begins_at=begin, ends_at=end)
    workflow = Workflow.objects.filter(slug=rehearsal.slug).first()
    return Plan(
        rehearsal.slug, parse(rehearsal.definition), begin, end, back, rehearsal.pk, rehearsal.include_current, workflow
    )


class _Meter:
    """Tells how far it is, over the connection that others see, and hears whether it is still wanted."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.pk, self.outer = rehearsal.pk, connections[DEFAULT_DB_ALIAS]
        self.began = self.told_at = time.monotonic()

    def look(self, reached: datetime, *, at_once: bool = False) -> None:
        if not at_once and time.monotonic() - self.told_at < LOOK_EVERY:
            return
        self.told_at = time.monotonic()
        with self.outer.cursor() as cursor:
            cursor.execute(
                "UPDATE retention_rehearsal SET reached_at = %s WHERE id = %s AND state = 'running'", [reached, self.pk]
            )
            if not cursor.rowcount:
                raise Cancelled


def tidy(now: datetime) -> None:
    """Forget what was rehearsed long ago, and all but the latest few of each workflow."""
    old = Rehearsal.objects.filter(asked_at__lt=now - KEPT).exclude(state__in=Rehearsal.OPEN)
    old.delete()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY slug ORDER BY id DESC) AS place
                FROM retention_rehearsal WHERE state NOT IN ('waiting', 'running')) AS r WHERE place > %s LIMIT 100
            """,
            [MOST_KEPT],
        )
        beyond = [pk for (pk,) in cursor.fetchall()]
    if beyond:
        Rehearsal.objects.filter(pk__in=beyond).delete()
