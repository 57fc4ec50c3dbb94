"""Large work of an act: bulk actions and undos of more rows than a request should wait for.

What is to do lies in Postgres. A worker counts a try at a run in a commit of its own, then does one slice of it and
writes down how far it is in one transaction: killed at any moment, it leaves all or nothing of the slice, and the try.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.urls import reverse

from crm.history import rules
from crm.history.actions import UndoError, continuing
from crm.history.bulk.acting import Refused, act_on
from crm.history.models import Run
from crm.history.slices import Progress, begin, take
from crm.slots import tell

logger = logging.getLogger(__name__)

#: A slice that fails is tried again after so long, so often; then a person reads why.
AGAIN_AFTER, TRIES = timedelta(seconds=30), 3
#: What every run of a slice leaves in memory: the ids of one.
_SLICE = """
    SELECT ids[%(done)s + 1 : %(done)s + %(slice)s] FROM crm_run WHERE id = %(id)s
"""


def work(now: datetime) -> int:
    """One slice of one run that is due. Returns the rows that were looked at, at least 1; 0: nothing is due."""
    found = _count_a_try(now)
    if found is None:
        return 0
    with transaction.atomic():
        # Nobody, if another worker has come by since, or it is given up.
        run = _locked(Run.objects.filter(pk=found.pk, tries=found.tries, state__in=_OPEN))
        if run is None:
            return 1
        try:
            with transaction.atomic():
                rows = _slice(run, now)
        except (Refused, UndoError) as refusal:
            _over(run, Run.State.FAILED, now, str(refusal))
            return 1
        except Exception:
            logger.exception("A slice of run %s failed", run.pk)
            if run.tries >= TRIES:
                _over(run, Run.State.FAILED, now, _FAILED)
            return 1
        run.tries, run.due_at = 0, now  # behind others that wait; and whoever watches sees that it goes on
        run.save(update_fields=["done", "changed", "place", "state", "tries", "due_at", "finished_at"])
        if run.is_over:
            _tell(run, now)
        return max(rows, 1)


def next_due(now: datetime) -> datetime | None:
    due = Run.objects.filter(state__in=_OPEN, due_at__gt=now).order_by("due_at")
    return due.values_list("due_at", flat=True).first()


_OPEN = (Run.State.WAITING, Run.State.RUNNING)


def stop(run: Run) -> None:
    """Let it end after the slice that is being done. What was done stays, and can be undone."""
    Run.objects.filter(pk=run.pk, state__in=_OPEN).update(stop_asked=True)


@transaction.atomic
def _count_a_try(now: datetime) -> Run | None:
    """The run that is due, with one try more, which only a slice that was done takes back. None: nothing is due.

    Whoever dies over the slice, or fails at it, leaves the run to the next one after a rest; one at which as many have
    died as may fail is given up.
    """
    run = _locked(Run.objects.filter(state__in=_OPEN, due_at__lte=now).order_by("due_at", "id"))
    if run is None:
        return None
    if run.tries >= TRIES:
        _over(run, Run.State.FAILED, now, _FAILED)
        return run
    run.tries, run.due_at = run.tries + 1, now + AGAIN_AFTER
    run.save(update_fields=["tries", "due_at"])
    return run


def _locked(runs: QuerySet[Run]) -> Run | None:
    """The first that nobody else is at."""
    rows = runs.defer("ids").prefetch_related("act__by", "act__undoes__root")
    return rows.select_for_update(of=("self",), skip_locked=True).first()


def _slice(run: Run, now: datetime) -> int:
    run.state = Run.State.RUNNING
    if run.stop_asked:
        run.state, run.finished_at = Run.State.STOPPED, now
        return 0
    with continuing(run.act):
        return _undo_slice(run, now) if run.act.undoes_id else _bulk_slice(run, now)


def _undo_slice(run: Run, now: datetime) -> int:
    begin(run.act)
    progress = Progress(**run.place)
    before = progress.done
    if not take(run.act, progress, now):
        run.state, run.finished_at = Run.State.DONE, now
    run.place = progress.as_json()
    run.changed = progress.reverted
    run.done = min(progress.done, run.total) if run.state != Run.State.DONE else run.total
    return progress.done - before


def _bulk_slice(run: Run, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_SLICE, {"id": run.pk, "done": run.done, "slice": rules.SLICE})
        ids: list[int] = cursor.fetchone()[0] or []
    if ids:
        run.changed += act_on(run.name, ids, run.data, run.act.by, now)
        run.done += len(ids)
    if run.done >= run.total:
        run.state, run.finished_at = Run.State.DONE, now
    return len(ids)


_FAILED = "It failed three times at the same rows. What was done before stays; the log of the worker says why."


def _over(run: Run, state: str, now: datetime, error: str) -> None:
    run.state = state
    Run.objects.filter(pk=run.pk).update(state=state, finished_at=now, error=error[:300])
    _tell(run, now)


def _tell(run: Run, now: datetime) -> None:
    """Whoever began it need not watch it."""
    if run.act.by:
        how = {Run.State.DONE: "Done", Run.State.STOPPED: "Stopped"}.get(Run.State(run.state), "Failed")
        url = reverse("history:act", args=[run.act_id])
        tell([run.act.by], "bulk.finished", f"{how}: you {run.act.label}", url, now, key=f"run:{run.act_id}")
