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
from crm.todos.models import Task
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


_INSERT = """
    INSERT INTO crm_task
        (title, body, account_id, contact_id, owner_id, due_at, created_at, created_by_id, origin, origin_id, key)
    SELECT title, body, account_id, contact_id, owner_id, due_at, %(now)s, created_by_id, origin, origin_id, key
    FROM jsonb_to_recordset(%(tasks)s) AS task(
        title text, body text, account_id bigint, contact_id bigint, owner_id bigint, due_at timestamptz,
        created_by_id bigint, origin text, origin_id bigint, key text)
    ON CONFLICT (key) DO NOTHING
    RETURNING id
"""

_COLUMNS = tuple(part.name for part in fields(NewTask))
_LONGEST_TITLE = Task._meta.get_field("title").max_length or 0

#: About 0.5 MB of tasks in one statement.
BATCH = 1000


def create(tasks: Sequence[NewTask], *, now: datetime | None = None) -> list[int]:
    """Write tasks in the caller's transaction and return the ids of those written; a known key writes none.

    A title longer than its column, which a long customer name can make, is cut.
    """
    moment = now or clock.now()
    ids: list[int] = []
    with transaction.atomic(), connection.cursor() as cursor:
        for start in range(0, len(tasks), BATCH):
            rows = [_row(task) for task in tasks[start : start + BATCH]]
            values: dict[str, Any] = {"tasks": Jsonb(rows), "now": moment}
            cursor.execute(_INSERT, values)
            ids += [row[0] for row in cursor.fetchall()]
    return ids


def _row(task: NewTask) -> dict[str, Any]:
    row = {name: getattr(task, name) for name in _COLUMNS}
    row["due_at"] = task.due_at.isoformat()
    if len(task.title) > _LONGEST_TITLE:
        row["title"] = f"{task.title[: _LONGEST_TITLE - 1]}…"
    return row


@transaction.atomic
def complete(task: Task, by: User | None, now: datetime) -> bool:
    """Mark it done and say so on the customer's timeline. False: it was done already, and nothing changed."""
    row = _lock(task)
    if row.done_at:
        _show(task, row)
        return False
    row.done_at, row.done_by = now, by
    row.save(update_fields=["done_at", "done_by"])
    _tell(row, "task.done", f"Task done: {row.title}", by, now)
    _show(task, row)
    return True


@transaction.atomic
def reopen(task: Task, by: User | None = None, now: datetime | None = None) -> bool:
    """Take the completion back, and say so on the timeline. False: it was open already."""
    row = _lock(task)
    if not row.done_at:
        _show(task, row)
        return False
    row.done_at, row.done_by = None, None
    row.save(update_fields=["done_at", "done_by"])
    _tell(row, "task.reopened", f"Task opened again: {row.title}", by, now)
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
def assign(task: Task, owner: User | None) -> None:
    """Hand it to somebody of ours, or with None to the admins' pool. Raises TaskError."""
    row = _lock(task)
    if row.done_at:
        raise TaskError("This task is done. Open it again before you hand it on.")
    if owner and not owner.is_active:
        raise TaskError(f"{owner} has no active sign-in and would never see the task.")
    row.owner = owner
    row.save(update_fields=["owner"])
    _show(task, row)


def _lock(task: Task) -> Task:
    return Task.objects.select_for_update(of=("self",)).get(pk=task.pk)


def _show(task: Task, row: Task) -> None:
    """The caller's object shows what the locked row says."""
    for name in ("done_at", "done_by_id", "snoozed_until", "owner_id"):
        setattr(task, name, getattr(row, name))


def _tell(task: Task, kind: str, text: str, by: User | None, now: datetime | None) -> None:
    if task.account_id is None:  # a task about nobody has no timeline to stand on
        return
    fact = Fact(
        task.account_id,
        kind,
        text,
        occurred_at=now,
        contact_id=task.contact_id,
        source="person" if by else "automatic",
        actor_id=by.pk if by else None,
        payload={"task": task.pk},
    )
    record(fact, now=now)
