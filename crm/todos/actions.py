"""The verbs of tasks: each is one transaction and may run beside itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.todos import telling
from crm.todos.models import Task
from crm.todos.rules.repeating import Repeat
from crm.web import clock


class TaskError(ValueError):
    """The verb does not fit the task; the message is for the person who asked."""


@dataclass(frozen=True, slots=True)
class NewTask:
    """What to do about whom. Without `owner_id` it lies in the admins' pool.

    `origin` is a name in `slots.explainers` and `origin_id` a row of theirs, for "Why?". `key` makes the task once.
    """

    title: str
    due_at: datetime
    account_id: int | None = None
    contact_id: int | None = None
    owner_id: int | None = None
    body: str = ""
    origin: str = ""
    origin_id: int | None = None
    key: str | None = None
    created_by_id: int | None = None
    kind: str = ""  # of Task.Kind
    repeats: str = ""  # a rules.repeating.Repeat as text: when it is done, the next one is made


_INSERT = """
    INSERT INTO crm_task
        (title, body, account_id, contact_id, owner_id, due_at, created_at, created_by_id, origin, origin_id, key, kind,
        repeats)
    SELECT title, body, account_id, contact_id, owner_id, due_at, %(now)s, created_by_id, origin, origin_id, key, kind,
        repeats
    FROM jsonb_to_recordset(%(tasks)s) AS task(
        title text, body text, account_id bigint, contact_id bigint, owner_id bigint, due_at timestamptz,
        created_by_id bigint, origin text, origin_id bigint, key text, kind text, repeats text)
    ON CONFLICT (key) DO NOTHING
    RETURNING id, title, owner_id, created_by_id
"""

_COLUMNS = tuple(part.name for part in fields(NewTask))
_LONGEST_TITLE = Task._meta.get_field("title").max_length or 0

#: About 0.5 MB of tasks in one statement.
BATCH = 1000


def create(tasks: Sequence[NewTask], *, now: datetime | None = None) -> list[int]:
    """Write tasks in the caller's transaction and return the ids of those written; a known key writes none.

    A title longer than its column, which a long customer name can make, is cut. Whom a colleague gives a task is told.
    """
    moment = now or clock.now()
    written: list[tuple[Any, ...]] = []
    with transaction.atomic(), connection.cursor() as cursor:
        for start in range(0, len(tasks), BATCH):
            rows = [_row(task) for task in tasks[start : start + BATCH]]
            values: dict[str, Any] = {"tasks": Jsonb(rows), "now": moment}
            cursor.execute(_INSERT, values)
            written += cursor.fetchall()
        telling.given([row for row in written if row[3] and row[2] not in (None, row[3])], moment)
    return [row[0] for row in written]


def _row(task: NewTask) -> dict[str, Any]:
    row = {name: getattr(task, name) for name in _COLUMNS}
    row["due_at"] = task.due_at.isoformat()
    if len(task.title) > _LONGEST_TITLE:
        row["title"] = f"{task.title[: _LONGEST_TITLE - 1]}…"
    return row


@transaction.atomic
def complete(task: Task, by: User | None, now: datetime) -> bool:
    """Mark it done and say so on the customer's timeline. False: it was done already, and nothing changed.

    Of a task that comes again the next one is made with it: due next after this one was, and after now.
    """
    row = _lock(task)
    if row.done_at:
        _show(task, row)
        return False
    finish([row], by, now)
    _show(task, row)
    return True


def finish(rows: Sequence[Task], by: User | None, now: datetime) -> None:
    """`complete`, of open tasks that the caller has locked, with their owners."""
    Task.objects.filter(pk__in=[row.pk for row in rows]).update(done_at=now, done_by=by)
    for row in rows:
        row.done_at, row.done_by = now, by
    _tell(rows, "task.done", "Task done", by, now)
    create([_next_of(row, now) for row in rows if row.repeats], now=now)


def _next_of(task: Task, now: datetime) -> NewTask:
    """What follows a task that comes again; known by the one it follows, so that there is only one."""
    zone = task.owner.zone if task.owner else clock.zone()
    due_at = Repeat.parse(task.repeats).after(max(task.due_at, now), zone)
    return NewTask(
        task.title, due_at, task.account_id, task.contact_id, task.owner_id, task.body, task.origin, task.origin_id,
        key=_follows(task), kind=task.kind, repeats=task.repeats,
    )  # fmt: skip


def _follows(task: Task) -> str:
    return f"follows:{task.pk}"


@transaction.atomic
def reopen(task: Task, by: User | None = None, now: datetime | None = None) -> bool:
    """Take the completion back, and say so on the timeline. False: it was open already.

    What had followed it goes, unless somebody has changed that since.
    """
    row = _lock(task)
    if not row.done_at:
        _show(task, row)
        return False
    row.done_at, row.done_by = None, None
    row.save(update_fields=["done_at", "done_by"])
    if row.repeats:
        untouched = {"done_at": None, "snoozed_until": None, "title": row.title, "owner": row.owner_id}
        Task.objects.filter(key=_follows(row), **untouched).delete()
    _tell([row], "task.reopened", "Task opened again", by, now)
    _show(task, row)
    return True


@transaction.atomic
def snooze(task: Task, until: datetime, now: datetime) -> None:
    """Put it out of sight until a moment to come; it stays due when it was. Raises TaskError."""
    row = _lock(task)
    if row.done_at:
        raise TaskError("This task is done. Open it again before you snooze it.")
    if until <= now:
        raise TaskError("A task can only be snoozed until a time that is still to come.")
    row.snoozed_until = until
    row.save(update_fields=["snoozed_until"])
    _show(task, row)


@transaction.atomic
def assign(task: Task, owner: User | None, by: User | None = None, now: datetime | None = None) -> None:
    """Hand it to somebody of ours, who is told, or with None to the admins' pool. Raises TaskError."""
    row = _lock(task)
    if row.done_at:
        raise TaskError("This task is done. Open it again before you hand it on.")
    if owner and not owner.is_active:
        raise TaskError(f"{owner} has no active sign-in and would never see the task.")
    changed = row.owner_id != (owner.pk if owner else None)
    row.owner = owner
    row.save(update_fields=["owner"])
    if changed and owner and by:
        telling.given([(row.pk, row.title, owner.pk, by.pk)], now or clock.now())
    _show(task, row)


def _lock(task: Task) -> Task:
    return Task.objects.select_for_update(of=("self",)).get(pk=task.pk)


def _show(task: Task, row: Task) -> None:
    """The caller's object shows what the locked row says."""
    for name in ("done_at", "done_by_id", "snoozed_until", "owner_id"):
        setattr(task, name, getattr(row, name))


def _tell(tasks: Sequence[Task], kind: str, what: str, by: User | None, now: datetime | None) -> None:
    """On the timelines of the customers; a task about nobody has none to stand on."""
    facts = [
        Fact(
            task.account_id,
            kind,
            f"{what}: {task.title}",
            occurred_at=now,
            contact_id=task.contact_id,
            source="person" if by else "automatic",
            actor_id=by.pk if by else None,
            payload={"task": task.pk},
        )
        for task in tasks
        if task.account_id is not None
    ]
    record(facts, now=now)
