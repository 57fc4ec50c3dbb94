"""Facts that nobody has reacted to yet: who enters because of them, and who leaves.

Runs in the worker, from the pending queue, so that a broken workflow never breaks the writing of a fact.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from django.db import connection, transaction
from django.db.models import F, Min, Q, QuerySet

from crm.timeline.models import Pending, TimelineEntry
from retention.workflows import published, rules
from retention.workflows.definition import FactTrigger
from retention.workflows.models import Enrollment, Workflow
from retention.workflows.triggers import enroll_for_facts

logger = logging.getLogger(__name__)

BATCH = 500


def match(now: datetime) -> int:
    """Match one batch of pending facts, and entry by entry if that fails. Returns how many were looked at."""
    try:
        with transaction.atomic():
            return _match(_claim(BATCH, now), now)
    except Exception:
        if not connection.is_usable():
            raise
        logger.exception("Matching a batch of facts failed; each is now tried alone")
        return _match_one_by_one(now)


def next_due(now: datetime) -> datetime | None:
    """When the next fact that failed is tried again."""
    waiting = Pending.objects.filter(parked_at=None, retry_at__gt=now)
    soonest: datetime | None = waiting.aggregate(soonest=Min("retry_at"))["soonest"]
    return soonest


def _open(now: datetime) -> QuerySet[Pending]:
    return Pending.objects.filter(Q(retry_at=None) | Q(retry_at__lte=now), parked_at=None).order_by("id")


def _claim(size: int, now: datetime, **only: object) -> list[Pending]:
    open_ones = _open(now).filter(**only).select_related("entry")
    return list(open_ones.select_for_update(skip_locked=True, of=("self",))[:size])


def _match_one_by_one(now: datetime) -> int:
    ids = list(_open(now).values_list("id", flat=True)[:BATCH])
    for pk in ids:
        Pending.objects.filter(pk=pk).update(attempts=F("attempts") + 1)  # in a commit of its own: a crash counts
        try:
            with transaction.atomic():
                _match(_claim(1, now, pk=pk), now)
        except Exception as error:
            if not connection.is_usable():
                raise
            logger.exception("Matching fact %d failed", pk)
            failed = Pending.objects.filter(pk=pk)
            failed.update(retry_at=now + rules.PAUSE_AFTER_FAILURE, error=f"{type(error).__name__}: {error}")
            failed.filter(attempts__gte=rules.MOST_ATTEMPTS).update(parked_at=now)
    return len(ids)


def _match(pending: Sequence[Pending], now: datetime) -> int:
    by_kind: dict[str, list[TimelineEntry]] = defaultdict(list)
    for one in pending:
        by_kind[one.entry.kind].append(one.entry)
    # A paused workflow lets facts enter: only its people stand still.
    listening = Workflow.objects.exclude(state=Workflow.State.OFF).filter(version__isnull=False)
    for workflow in listening if by_kind else []:
        plan = published.runnable(workflow)
        if plan and isinstance(plan.trigger, FactTrigger) and (entries := by_kind.get(plan.trigger.kind)):
            enroll_for_facts(workflow, plan.trigger, [entry.pk for entry in entries], now)
    if by_kind:
        _leave_for_facts([one.entry for one in pending], now)
    Pending.objects.filter(pk__in=[one.pk for one in pending]).delete()
    return len(pending)


def _leave_for_facts(entries: Sequence[TimelineEntry], now: datetime) -> None:
    """End the enrollments whose goal or exit is a fact of these kinds that happened after they entered."""
    active = Enrollment.objects.active().filter(account_id__in={entry.account_id for entry in entries})
    locked = list(active.select_for_update(of=("self",)).order_by("version_id", "id"))
    for version_id, group in groupby(locked, key=lambda row: row.version_id):
        plan = published.of_version(version_id)
        for enrollment in group:
            for leave in plan.leaves:
                if leave.fact and any(_ends(entry, leave.fact, enrollment) for entry in entries):
                    enrollment.state = Enrollment.State.REACHED if leave is plan.goal else Enrollment.State.EXITED
                    enrollment.ended_because, enrollment.ended_at = leave.because, now
                    enrollment.save(update_fields=["state", "ended_because", "ended_at"])
                    break


def _ends(entry: TimelineEntry, kind: str, enrollment: Enrollment) -> bool:
    return (
        entry.kind == kind and entry.account_id == enrollment.account_id and entry.occurred_at >= enrollment.entered_at
    )
