"""What is done to several tasks at once: each verb is one transaction, and says what to take back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.core import signing
from django.db import transaction
from django.utils.dateparse import parse_datetime

from crm.team.models import User
from crm.todos import actions, telling
from crm.todos.models import Task, TaskChange

#: As many as anybody ticks on one page.
MOST = 200
#: So long an undo can be asked for, in seconds: 30 days.
_UNDONE_WITHIN = 30 * 24 * 3600
_SALT = "crm.todos.bulk"


class NothingToUndo(ValueError):
    """What the address says to take back is not of ours, too old, or somebody else's."""


@transaction.atomic
def make(task: actions.NewTask, by: User, now: datetime) -> str:
    """Write one task that a person wants, and the token that takes it away again."""
    return _token("make", by, dict.fromkeys(actions.create([task], now=now)), None)


@transaction.atomic
def complete(ids: Sequence[int], by: User, now: datetime) -> tuple[int, str]:
    """How many were still open and are done now, and the token that takes it back."""
    rows = _open(ids, by)
    actions.finish(rows, by, now)
    return len(rows), _token("complete", by, {row.pk: None for row in rows}, now.isoformat())


@transaction.atomic
def snooze(ids: Sequence[int], until: datetime, by: User, now: datetime) -> tuple[int, str]:
    """Put those that are open out of sight. Raises TaskError for a moment that has passed."""
    if until <= now:
        raise actions.TaskError("Tasks can only be snoozed until a time that is still to come.")
    rows = _open(ids, by)
    was = {row.pk: row.snoozed_until and row.snoozed_until.isoformat() for row in rows}
    Task.objects.filter(pk__in=was).update(snoozed_until=until)
    return len(was), _token("snooze", by, was, until.isoformat())


@transaction.atomic
def assign(ids: Sequence[int], owner: User | None, by: User, now: datetime) -> tuple[int, str]:
    """Hand those that are open and not theirs yet to somebody, who is told once. Raises TaskError."""
    if owner and not owner.is_active:
        raise actions.TaskError(f"{owner} has no active sign-in and would never see the tasks.")
    target = owner.pk if owner else None
    rows = [row for row in _open(ids, by) if row.owner_id != target]
    Task.objects.filter(pk__in=[row.pk for row in rows]).update(owner=owner)
    if owner:
        telling.given([(row.pk, row.title, owner.pk, by.pk) for row in rows], now)
    return len(rows), _token("assign", by, {row.pk: row.owner_id for row in rows}, target)


class Undone(NamedTuple):
    """How many tasks went back, and how many somebody has changed since and keep that."""

    verb: str
    back: int
    kept: int


@transaction.atomic
def undo(token: str, by: User, now: datetime) -> Undone:
    """Take back what a verb did. Raises NothingToUndo. Asked again it finds everything changed, or gone."""
    try:
        about = signing.loads(token, salt=_SALT, max_age=_UNDONE_WITHIN)
    except signing.BadSignature:
        raise NothingToUndo("This can no longer be taken back.") from None
    if about["by"] != by.pk:
        raise NothingToUndo("Only who did this can take it back.")
    was = {int(pk): value for pk, value in about["was"].items()}
    rows = list(Task.objects.filter(pk__in=was).order_by("id").select_for_update(of=("self",)))
    back = sum(_BACK[about["verb"]](row, was[row.pk], about["set"], by, now) for row in rows)
    return Undone(about["verb"], back, len(rows) - back)


def _open(ids: Sequence[int], by: User) -> list[Task]:
    """Those of them that the viewer may see and that are open, locked in the order of their ids."""
    rows = Task.objects.visible_to(by).open().filter(pk__in=list(ids)[:MOST])
    chosen = Task.objects.open().filter(pk__in=list(rows.values_list("pk", flat=True)))
    return list(chosen.prefetch_related("owner").order_by("id").select_for_update(of=("self",)))


def _token(verb: str, by: User, was: dict[int, Any], now_is: Any) -> str:
    return signing.dumps({"verb": verb, "by": by.pk, "was": was, "set": now_is}, salt=_SALT, compress=True)


def _reopen(row: Task, was: Any, done_at: str, by: User, now: datetime) -> bool:
    return row.done_at == parse_datetime(done_at) and actions.reopen(row, by, now)


def _wake(row: Task, was: str | None, until: str, by: User, now: datetime) -> bool:
    if row.done_at or row.snoozed_until != parse_datetime(until):
        return False
    row.snoozed_until = parse_datetime(was) if was else None
    row.save(update_fields=["snoozed_until"])
    return True


def _give_back(row: Task, was: int | None, owner_id: int | None, by: User, now: datetime) -> bool:
    if row.owner_id != owner_id or not (was is None or User.objects.filter(pk=was).exists()):
        return False
    row.owner_id = was
    row.save(update_fields=["owner"])
    return True


def _unmake(row: Task, was: None, set_: None, by: User, now: datetime) -> bool:
    """Whoever has worked with it keeps it."""
    if row.done_at or row.snoozed_until or TaskChange.objects.filter(pgh_obj=row.pk).exists():
        return False
    row.delete()
    return True


_BACK: dict[str, Callable[[Task, Any, Any, User, datetime], bool]] = {
    "make": _unmake,
    "complete": _reopen,
    "snooze": _wake,
    "assign": _give_back,
}
