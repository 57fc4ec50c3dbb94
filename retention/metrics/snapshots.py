"""Boards that take long to count are counted beforehand, and again when the ledger has moved.

Small installations count whenever somebody looks: they always see the present. Whoever asks for some customers only, or
may see only some, is counted for as well, and what took long is kept for a minute.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from django.core.cache import caches
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL

from crm.web import clock
from retention.metrics.asking import READY, Asked, preceding, ready
from retention.metrics.board import Board, as_json, found
from retention.metrics.models import Snapshot
from retention.metrics.reading import EVERYBODY, Period
from retention.metrics.rules import COUNTED, again_from

#: From so many customers, about, boards are counted beforehand.
LARGE = 50_000
#: What is asked live and took longer than this many seconds is kept for so many.
_SLOW, _KEPT = 0.1, 60
#: Answers and lines of orders leave no mark: what is older is counted again.
OLDEST = timedelta(hours=1)
#: Boards of days that nobody looks at any more go.
_FORGOTTEN = timedelta(days=7)

# How far the ledger is. A row that comes late under a smaller number is found by age.
_MARK = "(SELECT concat_ws('.', (SELECT max(id) FROM crm_mrrmovement), (SELECT max(id) FROM crm_purchase)))"
_CUSTOMERS = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'crm_customerspan'::regclass"


@dataclass(frozen=True, slots=True)
class Shown:
    """`made_at`: when it was counted, if that was not just now; `stale`: the ledger has moved since. `was` is what a
    period that is over had said before a back-dated correction came at `corrected_at`."""

    board: Board
    made_at: datetime | None = None
    stale: bool = False
    corrected_at: datetime | None = None
    was: Board | None = None


def shown(asked: Asked, now: datetime) -> Shown:
    """One query where a snapshot is kept; else the one that counts."""
    if not asked.parts and asked.of.viewer.sees_everything:
        kept = _of(asked.period, asked.before).filter(row__isnull=False)
        snapshot = _marked(kept).first()
        if snapshot is not None:
            return _kept(snapshot, asked, now)
    return Shown(Board.of(_counted(asked, now), asked.period))


def _kept(snapshot: Any, asked: Asked, now: datetime) -> Shown:
    was = Board.of(snapshot.was, asked.period) if snapshot.was else None
    stale = snapshot.mark != snapshot.mark_now or snapshot.made_at < now - OLDEST
    return Shown(Board.of(snapshot.row, asked.period), snapshot.made_at, stale, snapshot.corrected_at, was)


def _counted(asked: Asked, now: datetime) -> list[Any]:
    key = _key(asked, now)
    if (kept := caches["pages"].get(key)) is not None:
        return kept  # type: ignore[no-any-return]
    started = perf_counter()
    row = as_json(found(asked.period, asked.before, now, asked.of))
    if perf_counter() - started > _SLOW:
        caches["pages"].set(key, row, _KEPT)
    return row


def _key(asked: Asked, now: datetime) -> str:
    """What was kept for wider eyes is not shown to narrower ones."""
    viewer = asked.of.viewer
    of = [str(asked.period), str(asked.before), asked.parts, str(clock.today(now))]
    told = [viewer.pk, viewer.role, viewer.sees, *of]
    return f"board:{hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()}"


def want(asked: Asked, now: datetime) -> bool:
    """Ask the job to count it again, unless it does so just now. False: it is counted whenever somebody looks,
    as for all who see a part alone: what is kept is shown to whoever sees everything, and theirs to ask for."""
    if asked.parts or not asked.of.viewer.sees_everything:
        return False
    kept = _of(asked.period, asked.before)
    with transaction.atomic():
        free = list(kept.select_for_update(skip_locked=True).values_list("pk", flat=True))
        Snapshot.objects.filter(pk__in=free).update(wanted_at=now)
    return bool(free) or kept.exists()


def run(now: datetime) -> int:
    """Count the one board that has waited longest, if any is due. Two workers never count the same."""
    if not _is_large():
        return 0
    boards = _boards(now)
    Snapshot.objects.bulk_create([_blank(*board) for board in boards], ignore_conflicts=True)
    Snapshot.objects.exclude(_any_of(boards)).filter(made_at__lt=now - _FORGOTTEN).delete()
    known = _marked(Snapshot.objects.filter(_any_of(boards))).order_by(F("made_at").asc(nulls_first=True), "pk")
    return int(any(_count_if_due(snapshot.pk, now) for snapshot in known if _is_due(snapshot, now)))


def _marked(rows: QuerySet[Snapshot]) -> QuerySet[Any]:
    """With how far the ledger is now."""
    return rows.annotate(mark_now=RawSQL(_MARK, []))  # noqa: S611  (SQL of ours)


@transaction.atomic
def _count_if_due(pk: int, now: datetime) -> bool:
    """False: somebody else is at it, or was."""
    rows = _marked(Snapshot.objects.filter(pk=pk)).select_for_update(skip_locked=True, of=("self",))
    snapshot = rows.first()
    if snapshot is None or not _is_due(snapshot, now):
        return False
    _count(snapshot, now)
    return True


def _is_large() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_CUSTOMERS)
        return bool(cursor.fetchone()[0] >= LARGE)


def _boards(now: datetime) -> list[tuple[Period, Period]]:
    """The ready-made periods as they are today, each beside the time before."""
    periods = [(name, ready(name, clock.today(now))) for name in READY]
    return [(period, preceding(name, period)) for name, period in periods]


def _blank(period: Period, before: Period) -> Snapshot:
    return Snapshot(start=period.start, end=period.end, before_start=before.start, before_end=before.end)


def _is_due(snapshot: Any, now: datetime) -> bool:
    if snapshot.made_at is None:
        return True
    if snapshot.wanted_at and snapshot.wanted_at > snapshot.made_at:
        return True
    moved = snapshot.mark != snapshot.mark_now or snapshot.made_at < now - OLDEST
    return moved and now >= again_from(snapshot.made_at, snapshot.took)


def _count(snapshot: Any, now: datetime) -> None:
    period = Period(snapshot.start, snapshot.end)
    started = perf_counter()
    row = as_json(found(period, Period(snapshot.before_start, snapshot.before_end), now, EVERYBODY))
    took = perf_counter() - started
    over = snapshot.made_at is not None and clock.today(snapshot.made_at) > period.end
    if over and snapshot.row is not None and row[:COUNTED] != snapshot.row[:COUNTED]:
        snapshot.corrected_at, snapshot.was = now, snapshot.row
    snapshot.row, snapshot.mark, snapshot.made_at, snapshot.took = row, snapshot.mark_now, now, took
    snapshot.save()


def _of(period: Period, before: Period) -> QuerySet[Snapshot]:
    return Snapshot.objects.filter(_any_of([(period, before)]))


def _any_of(boards: list[tuple[Period, Period]]) -> Q:
    """No board is none of them."""
    chosen = Q(pk__in=[])
    for period, before in boards:
        chosen |= Q(start=period.start, end=period.end, before_start=before.start, before_end=before.end)
    return chosen
