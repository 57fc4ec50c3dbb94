"""Facts that nobody has reacted to yet: who enters because of them, who has waited for them, and who leaves.

Runs in the worker, from the pending queue, so that a broken workflow never breaks the writing of a fact.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction
from django.db.models import Min, Q, QuerySet

from crm.timeline.models import Pending, TimelineEntry
from retention.workflows import published
from retention.workflows.causes import Filtered
from retention.workflows.definition import Definition
from retention.workflows.depth import deepen
from retention.workflows.kinds import trigger_kinds
from retention.workflows.leaving import ends
from retention.workflows.models import Enrollment, Trial, Workflow, listed
from retention.workflows.steps.awaiting import AwaitStep, awaited
from retention.workflows.triggers import enter

logger = logging.getLogger(__name__)

BATCH = 500


def match(now: datetime) -> int:
    """Match one batch of pending facts, and alone each that failed before. Returns how many were looked at.

    Those of a batch that failed are tried alone at once; so are those of a batch whose process died.
    """
    if not _open(now).exists():
        return 0
    Trial.count_the_fallen(now)
    looked = _try(trial, now) if (trial := _take(now, BATCH, attempts=0)) else 0
    for _ in range(_open(now).filter(attempts__gt=0)[:BATCH].count()):
        if not (suspect := _take(now, 1, attempts__gt=0)):
            break
        looked += _try(suspect, now)
    return looked


def _take(now: datetime, size: int, **which: int) -> Trial | None:
    """Choose facts that no other worker is trying, those that failed least first, and announce them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('retention.matching'))")
        free = _open(now).filter(**which).exclude(id__in=Trial.taken("pending_ids")).order_by("attempts", "id")
        ids = list(free.values_list("id", flat=True)[:size])
        return Trial.announce(now, pending=ids) if ids else None


def _try(trial: Trial, now: datetime) -> int:
    try:
        with transaction.atomic():
            _match(_claim(trial.pending_ids, now), now)
            trial.delete()
    except Exception as error:
        if not connection.is_usable():
            raise  # the database went away; the trial is settled when it is back
        logger.exception("Matching %d facts failed", len(trial.pending_ids))
        trial.fail(error, now)
        if isinstance(error, SoftTimeLimitExceeded):
            raise  # as in the engine
    return len(trial.pending_ids)


def next_due(now: datetime) -> datetime | None:
    """When the next fact that failed is tried again."""
    waiting = Pending.objects.filter(parked_at=None, retry_at__gt=now)
    soonest: datetime | None = waiting.aggregate(soonest=Min("retry_at"))["soonest"]
    return soonest


def _open(now: datetime) -> QuerySet[Pending]:
    return Pending.objects.filter(Q(retry_at=None) | Q(retry_at__lte=now), parked_at=None)


def _claim(ids: Sequence[int], now: datetime) -> list[Pending]:
    rows = _open(now).filter(id__in=listed(ids)).order_by("id").prefetch_related("entry")
    return list(rows.select_for_update(skip_locked=True, of=("self",)))


def _match(pending: Sequence[Pending], now: datetime) -> None:
    by_kind: dict[str, list[TimelineEntry]] = defaultdict(list)
    for one in pending:
        by_kind[one.entry.kind].append(one.entry)
    # A paused workflow lets facts enter: only its people stand still.
    listening = Workflow.objects.exclude(state=Workflow.State.OFF).filter(version__isnull=False)
    for workflow in listening if by_kind else []:
        if plan := published.runnable(workflow):
            _let_in(workflow, plan.trigger, by_kind, now)
    if deep := {one.entry_id: one.depth for one in pending if one.depth}:
        deepen(deep, now)
    if by_kind:
        move_for_facts([one.entry for one in pending], now)
    Pending.objects.filter(pk__in=[one.pk for one in pending]).delete()


def _let_in(workflow: Workflow, trigger: Filtered, by_kind: Mapping[str, list[TimelineEntry]], now: datetime) -> None:
    kind = trigger_kinds[trigger.when]
    found = [entry.pk for name in kind.listens(trigger) for entry in by_kind.get(name, ())]
    if found and kind.caused_by:
        enter(workflow, trigger, kind.caused_by(trigger, workflow, found, now), now)


def move_for_facts(entries: Sequence[TimelineEntry], now: datetime) -> None:
    """End the enrollments whose goal or exit is a fact of these kinds that happened after what made them enter, and
    wake those that stand still until one of them is there.

    A batch that holds an enrollment has either met the fact, or is over, and the wait written, when the lock is ours.
    """
    active = Enrollment.objects.active().filter(account_id__in={entry.account_id for entry in entries})
    # In the order of their ids, as everybody locks them who waits.
    locked = sorted(active.select_for_update(of=("self",)).order_by("id"), key=lambda row: row.version_id)
    woken = []
    for version_id, group in groupby(locked, key=lambda row: row.version_id):
        if (plan := published.readable(version_id)) is None:
            continue
        for enrollment in group:
            for leave in plan.leaves:
                if leave.fact and any(ends(entry, leave.fact, enrollment) for entry in entries):
                    enrollment.state = plan.ending(leave)
                    enrollment.ended_because, enrollment.ended_at = leave.because, now
                    enrollment.save(update_fields=["state", "ended_because", "ended_at"])
                    break
            else:
                if any(_is_awaited(entry, plan, enrollment) for entry in entries):
                    woken.append(enrollment.pk)
    Enrollment.objects.filter(pk__in=woken, due_at__gt=now).update(due_at=now)


def _is_awaited(entry: TimelineEntry, plan: Definition, enrollment: Enrollment) -> bool:
    """One whose step is still to come does not wait yet, and will meet the fact there."""
    step = plan.by_id.get(enrollment.step_id) if enrollment.awaits_until else None
    return isinstance(step, AwaitStep) and awaited(entry, step, enrollment)
