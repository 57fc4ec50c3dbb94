"""An undo, slice by slice: the same steps whether all happens in one transaction or a worker takes one after the other.

The order: columns that can go back; then rows that were deleted, now that nothing holds what was theirs; then the
columns that waited for one of both; at the end what the rooms do themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from crm.history import rules
from crm.history.models import Act, Waiting
from crm.history.reverting import Conflict, bring_back, write_back
from crm.history.tracking import Tracked, row_name, tracked
from crm.history.undoing import (
    Kept,
    Undone,
    Verdict,
    echoes,
    forelocks,
    judge,
    lock,
    touched,
    touched_tables,
    undoers,
    went_back,
)


@dataclass
class Progress:
    """Where an undo stands; as JSON between two slices of a worker."""

    stage: int = 0
    after: int = 0  # the last id of the stage that was looked at
    done: int = 0  # rows looked at
    reverted: int = 0
    kept: list[dict[str, Any]] = field(default_factory=list)
    unnamed: int = 0
    tables: list[str] | None = None  # that the act touched; None: nobody has looked yet
    again: list[str] = field(default_factory=list)  # tables of which rows wait for the others: they stand in Waiting

    def undone(self) -> Undone:
        kept = [Kept(**one | {"at": one["at"] and datetime.fromisoformat(one["at"])}) for one in self.kept]
        return Undone(self.reverted, kept, self.unnamed)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def keep(self, found: Sequence[Kept], more: int = 0) -> None:
        room = max(rules.NAMED - len(self.kept), 0)
        self.kept += [asdict(one) | {"at": one.at and one.at.isoformat()} for one in found[:room]]
        self.unnamed += more + max(len(found) - room, 0)


def begin(undoing: Act) -> None:
    """Before the first slice of a transaction."""
    assert undoing.root
    if lock_first := forelocks.get(undoing.root.kind):
        lock_first(undoing.root)


def take(undoing: Act, progress: Progress, now: datetime) -> bool:
    """One slice, inside the act that undoes. False: it was the last one, and the act's detail tells what happened."""
    assert undoing.undoes
    if progress.tables is None:
        progress.tables = touched_tables(undoing.undoes)
    steps = [(stage, name) for stage in _STAGES for name in progress.tables]
    if progress.stage < len(steps):
        stage, name = steps[progress.stage]
        of = next(of for of in tracked() if of.table == name)
        if not stage(undoing.undoes, of, progress, now):
            progress.stage, progress.after = progress.stage + 1, 0
        return True
    _ask_the_room(undoing.undoes, undoing, progress, now)
    undoing.detail |= {"reverted": progress.reverted, "kept": progress.kept, "unnamed": progress.unnamed}
    undoing.save(update_fields=["detail"])
    return False


def _columns(act: Act, of: Tracked, progress: Progress, now: datetime) -> bool:
    ids = touched(of, act, progress.after, rules.SLICE)
    if not ids:
        return False
    progress.after, progress.done = ids[-1], progress.done + len(ids)
    present = lock(of, ids)
    waiting = _go_back(act, of, sorted(present), progress, now)
    # Those whose row is gone may have been deleted by the act itself: they are looked at again after it is back.
    later = sorted({conflict.pk for conflict in waiting} | (set(ids) - present))
    Waiting.objects.bulk_create([Waiting(act=act, table=of.table, row_id=pk) for pk in later], ignore_conflicts=True)
    if later and of.table not in progress.again:
        progress.again.append(of.table)
    return True


def _rows(act: Act, of: Tracked, progress: Progress, now: datetime) -> bool:
    ids = touched(of, act, progress.after, rules.SLICE, "delete")
    if not ids:
        return False
    progress.after, progress.done = ids[-1], progress.done + len(ids)
    there = lock(of, ids)
    missing = [pk for pk in ids if pk not in there]
    conflicts = bring_back(of, act, missing)
    progress.reverted += len(missing) - len(conflicts)
    progress.keep([_kept_row(of, conflict.pk, conflict.because) for conflict in conflicts])
    return True


def _once_more(act: Act, of: Tracked, progress: Progress, now: datetime) -> bool:
    ids = _next_waiting(act, of) if of.table in progress.again else []
    if not ids:
        return False
    present = lock(of, ids)
    conflicts = _go_back(act, of, sorted(present), progress, now, last=True)
    progress.reverted += went_back(of, act, {conflict.pk for conflict in conflicts})
    progress.keep(_kept_conflicts(of, conflicts))
    progress.keep([_kept_row(of, pk) for pk in ids if pk not in present])
    return True


def _next_waiting(act: Act, of: Tracked) -> list[int]:
    """A slice of them, which wait no more when the transaction of the slice is over."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_WAITING, [act.pk, of.table, rules.SLICE])
        return sorted(row[0] for row in cursor.fetchall())


_TAKE_WAITING = """
    DELETE FROM crm_waiting WHERE id IN (
        SELECT id FROM crm_waiting WHERE act_id = %s AND "table" = %s ORDER BY row_id LIMIT %s)
    RETURNING row_id
"""

_STAGES = (_columns, _rows, _once_more)


def _go_back(
    act: Act, of: Tracked, ids: Sequence[int], progress: Progress, now: datetime, *, last: bool = False
) -> list[Conflict]:
    """Columns of rows that are there and locked. What somebody changed since is kept, and said once."""
    verdicts = judge(of, act, ids)
    back: dict[int, dict[str, Any]] = defaultdict(dict)
    for verdict in verdicts:
        if verdict.act is None:
            back[verdict.pk][verdict.column] = verdict.before
    conflicts = write_back(of, back, now) if back else []
    stopped = {(conflict.pk, column) for conflict in conflicts for column in conflict.columns}
    waiting = {pk for pk, _ in stopped}
    progress.reverted += len(set(back) - waiting)
    # A row that waits is judged again, and then it is said what was kept of it.
    progress.keep(_kept_changes(of, [v for v in verdicts if v.act is not None and (last or v.pk not in waiting)]))
    return conflicts


def _kept_changes(of: Tracked, verdicts: Sequence[Verdict]) -> list[Kept]:
    """Fields that somebody changed since."""
    if not verdicts:
        return []
    rows = _present(of, {verdict.pk for verdict in verdicts})
    acts = Act.objects.select_related("by").in_bulk({verdict.act for verdict in verdicts})
    found = []
    for verdict in verdicts:
        if not of.words(verdict.column):
            continue
        since = acts.get(verdict.act or 0)
        who = since.who if since else "Somebody"
        found.append(_kept(of, rows.get(verdict.pk), verdict.pk, verdict.column, f"{who} edited it since", since))
    return found


def _kept_conflicts(of: Tracked, conflicts: Sequence[Conflict]) -> list[Kept]:
    rows = _present(of, {conflict.pk for conflict in conflicts})
    return [
        _kept(of, rows.get(conflict.pk), conflict.pk, column, conflict.because)
        for conflict in conflicts
        for column in sorted(conflict.columns)
        if of.words(column)
    ]


def _present(of: Tracked, ids: Collection[int]) -> dict[int, Any]:
    keys = [name for name in of.named if of.model._meta.get_field(name).is_relation]
    rows = of.model._default_manager.all()
    found: dict[int, Any] = (rows.select_related(*keys) if keys else rows).in_bulk(ids)
    return found


def _kept(of: Tracked, row: Any, pk: int, column: str, because: str, since: Act | None = None) -> Kept:
    value = of.value(row, column)
    if (part := of.part(column)) and value is not None:
        value = part.said(value)
    return Kept(
        record=str(row), field=of.words(column),
        value=value if isinstance(value, (str, int, bool, list, type(None))) else str(value),
        by=since.who if since else "", at=since.at if since else None, because=because,
        model=of.model._meta.label, pk=pk,
    )  # fmt: skip


def _kept_row(of: Tracked, pk: int, because: str = "") -> Kept:
    """A row that is not there: its name is that of the last row remembered."""
    was = of.change._default_manager.select_related("act__by").filter(pgh_obj_id=pk).order_by("-pgh_id").first()
    name, since = row_name(of, was), None
    if was and was.pgh_label == "delete" and not because:
        since, because = was.act, f"{was.act.who} deleted it since"
    return Kept(
        name, "", None, since.who if since else "", since.at if since else None, because, of.model._meta.label, pk
    )


def _ask_the_room(act: Act, undoing: Act, progress: Progress, now: datetime) -> None:
    """What columns cannot tell. An undo that is undone asks for the redo."""
    began, again = act.root or act, bool(act.turns % 2)
    undoer = undoers.get(f"redo.{began.kind}" if again else began.kind)
    if undoer:
        undone = undoer(began, undoing.by, now)
        progress.reverted += undone.reverted
        progress.keep(undone.kept, undone.unnamed)
    for echo in echoes:
        echo(began, again, now)
