"""The inactivity sweep and the engine beside their floors, on the same accounts, in the same run.

Both use a workflow of their own and take back all that they wrote, whatever happens. Two workers are two processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection
from psycopg.types.json import Jsonb

from crm.outbox import actions as outbox
from crm.outbox.models import OutboundMessage
from crm.outbox.rules import MAX_ATTEMPTS
from crm.todos.models import Task
from retention.workflows import definition, engine, triggers
from retention.workflows.models import Enrollment, Workflow, WorkflowVersion

SLUG = "bench-engine"
DAYS = 14
PLAN: dict[str, Any] = {
    "name": "Bench",
    "trigger": {
        "when": "silence", "days": DAYS,
        "where": {"field": "lifecycle", "op": "in", "value": ["customer", "trial"]},
    },
    "steps": [
        {
            "id": "hello", "do": "message", "subject": "Something that may help, {{ contact.first_name }}",
            "body": "Hello {{ contact.first_name }},\n\nwe have not seen {{ account.name }} for a while.",
        },
        {
            "id": "call", "do": "task", "title": "Call {{ account.name }}, silent for two weeks", "due_in_days": 1,
            "body": "Ask about their goal{% if account.use_case != '' %} ({{ account.use_case }}){% endif %}.",
        },
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Timed:
    """Rows written (enrollments) and how long it took."""

    rows: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.rows / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Compared:
    """Ours beside its floor."""

    ours: Timed
    floor: Timed

    @property
    def ratio(self) -> float:
        """How many times the floor's time ours takes, for as many rows."""
        return self.floor.per_second / self.ours.per_second


@dataclass(frozen=True)
class Swept(Compared):
    """A sweep that finds somebody; `again` is one right after it, which finds nobody."""

    again: Timed


def measure_sweep(newly_silent: int, now: datetime) -> Swept:
    """Let the latest `newly_silent` accounts that have been silent for 14 days enter. Leaves nothing behind.

    Raises ValueError if there are fewer.
    """
    with _workflow(now) as workflow:
        since = _since(newly_silent, now)
        Workflow.objects.filter(pk=workflow.pk).update(enabled_at=since, swept_until=since)
        floor = _timed(lambda: _run(_floor("sweep.sql"), _of_the_sweep(workflow, since, now)))
        _forget(workflow)
        ours = _timed(lambda: _sum(lambda: triggers.sweep(now)))
        again = _timed(lambda: triggers.sweep(now + triggers.SWEEP_EVERY))
    if not ours.rows == floor.rows:
        raise RuntimeError(f"the sweep wrote {ours.rows} rows, and its floor {floor.rows}")
    return Swept(ours, floor, again)


def measure_engine(due: int, workers: int, now: datetime) -> Compared:
    """Advance `due` enrollments that are all due, with a mail step and a task step. Leaves nothing behind.

    Raises RuntimeError if some were not done: what fails may be quick.
    """
    with _workflow(now) as workflow:
        timed = {}
        for kind in ("floor", "ours"):
            _enroll(workflow, due, now)
            timed[kind] = _with_workers(kind, workers, now)
            _see_what_was_done(workflow, due)
            _forget(workflow)
    return Compared(timed["ours"], timed["floor"])


def measure_ours(due: int, now: datetime) -> Timed:
    """As `measure_engine`, of one worker, without the floor."""
    with _workflow(now) as workflow:
        _enroll(workflow, due, now)
        timed = _with_workers("ours", 1, now)
        _see_what_was_done(workflow, due)
    return timed


def _see_what_was_done(workflow: Workflow, due: int) -> None:
    done = Enrollment.objects.filter(workflow=workflow, state=Enrollment.State.DONE).count()
    mails = OutboundMessage.objects.filter(series=SLUG).count()
    tasks = Task.objects.filter(origin="workflow", key__startswith="workflow:").count()
    if not done == mails == due or tasks < due:
        raise RuntimeError(f"{done} of {due} enrollments were done, with {mails} mails and {tasks} tasks")


def work(kind: str, now: datetime) -> int:
    """What one worker does: turns until nobody is due. Returns how many enrollments it moved."""
    if kind == "ours":
        return _sum(lambda: engine.advance(now))
    workflow = Workflow.objects.get(slug=SLUG)
    template = definition.parse(PLAN).steps[0]
    values = {"workflow": workflow.pk, "slug": SLUG, "template": outbox.template(template.subject, template.body),
              "now": now, "limit": MAX_ATTEMPTS}  # fmt: skip
    return _sum(lambda: _run(_floor("engine.sql"), values))


def _with_workers(kind: str, workers: int, now: datetime) -> Timed:
    """All start at once, when each has said that it is ready; the clock stops when the last is done."""
    command = [sys.executable, "-m", "tests.bench.worker", kind, now.isoformat()]
    environment = os.environ | {"DATABASE_URL": _address(), "DJANGO_SETTINGS_MODULE": "crm.config.settings",
                                "SECRET_KEY": settings.SECRET_KEY, "DB_POOL": ""}  # fmt: skip
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    crew = [subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR, **pipes) for _ in range(workers)]
    try:
        for worker in crew:
            assert worker.stdout
            assert worker.stdout.readline() == "ready\n", "a worker did not start"
        started = time.perf_counter()
        for worker in crew:
            assert worker.stdin
            worker.stdin.write("go\n")
            worker.stdin.flush()
        rows = sum(int(worker.stdout.readline()) for worker in crew if worker.stdout)
        return Timed(rows, time.perf_counter() - started)
    finally:
        for worker in crew:
            worker.kill()
            worker.communicate()


@contextmanager
def _workflow(now: datetime) -> Iterator[Workflow]:
    """A running workflow of the bench's own; all others stand still meanwhile."""
    others = list(Workflow.objects.filter(state=Workflow.State.ON).exclude(slug=SLUG).values_list("pk", flat=True))
    Workflow.objects.filter(pk__in=others).update(state=Workflow.State.OFF)
    workflow, _ = Workflow.objects.update_or_create(
        slug=SLUG, defaults={"name": "Bench", "state": Workflow.State.ON, "enabled_at": now, "swept_until": now}
    )
    plan = definition.parse(PLAN).model_dump(mode="json", by_alias=True, exclude_none=True)
    workflow.version, _ = WorkflowVersion.objects.update_or_create(
        workflow=workflow, number=1, defaults={"definition": plan}
    )
    workflow.save(update_fields=["version"])
    try:
        _forget(workflow)
        yield workflow
    finally:
        _forget(workflow)
        Workflow.objects.filter(pk=workflow.pk).update(version=None)
        WorkflowVersion.objects.filter(workflow=workflow).delete()
        workflow.delete()
        Workflow.objects.filter(pk__in=others).update(state=Workflow.State.ON)


def _forget(workflow: Workflow) -> None:
    """Take back what the workflow wrote, and let the tables be as if it had never been."""
    runs = """SELECT r.id FROM retention_steprun r JOIN retention_enrollment e ON e.id = r.enrollment_id
        WHERE e.workflow_id = %(workflow)s"""
    of_it = {"workflow": workflow.pk}
    for table in ("crm_task", "crm_outboundmessage"):
        _run(f"DELETE FROM {table} WHERE origin = 'workflow' AND origin_id IN ({runs})", of_it)
    _run("DELETE FROM retention_steprun USING retention_enrollment e WHERE e.id = enrollment_id"
         " AND e.workflow_id = %(workflow)s", of_it)  # fmt: skip
    _run("DELETE FROM retention_enrollment WHERE workflow_id = %(workflow)s", of_it)
    _run("VACUUM ANALYZE crm_task, crm_outboundmessage, retention_steprun, retention_enrollment, retention_trial", {})


def _enroll(workflow: Workflow, due: int, now: datetime) -> None:
    version, first = workflow.version_id, PLAN["steps"][0]["id"]
    _run(
        """
        INSERT INTO retention_enrollment
            (workflow_id, version_id, account_id, trigger_key, facts, state, step_id, visit, due_at, attempts,
            entered_at, ended_because)
        SELECT %(workflow)s, %(version)s, account_id, 'bench', '{"when": "silence"}', 'active', %(first)s, 1,
            %(now)s::timestamptz - account_id %% 3600 * interval '1 second', 0, %(now)s, ''
        FROM crm_contact WHERE is_primary AND email IS NOT NULL ORDER BY account_id LIMIT %(due)s
        """,
        {"workflow": workflow.pk, "version": version, "first": first, "now": now, "due": due},
    )
    if (found := Enrollment.objects.filter(workflow=workflow).count()) != due:
        raise ValueError(f"there are {found} accounts with a reader, and {due} were wanted")
    _run("VACUUM ANALYZE retention_enrollment", {})


def _since(newly_silent: int, now: datetime) -> datetime:
    """When the workflow must have been switched on for so many to be newly silent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT silent_since FROM crm_accountseen JOIN crm_account ON id = account_id"
            " WHERE silent_since <= %s AND lifecycle IN ('customer', 'trial')"
            " ORDER BY silent_since DESC OFFSET %s LIMIT 1",
            [now - timedelta(days=DAYS), newly_silent],
        )
        row = cursor.fetchone()
    if row is None:
        raise ValueError(f"fewer than {newly_silent} accounts have been silent for {DAYS} days")
    return row[0] + timedelta(days=DAYS)  # type: ignore[no-any-return]


def _of_the_sweep(workflow: Workflow, since: datetime, now: datetime) -> dict[str, Any]:
    facts = Jsonb({"when": "silence", "days": DAYS})
    return {"workflow": workflow.pk, "version": workflow.version_id, "step": PLAN["steps"][0]["id"], "facts": facts,
            "days": DAYS, "since": since, "now": now}  # fmt: skip


@cache
def _floor(name: str) -> str:
    return (Path(__file__).parent / "floors" / name).read_text()


def _run(statement: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def _sum(turn: Any) -> int:
    """Turns until one finds nothing to do."""
    return sum(iter(turn, 0))


def _timed(do: Any) -> Timed:
    started = time.perf_counter()
    rows = do()
    return Timed(rows, time.perf_counter() - started)


def _address() -> str:
    """Of the database that Django's connection leads to."""
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}"))
