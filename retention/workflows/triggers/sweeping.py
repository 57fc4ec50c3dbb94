"""Sweeps look at a stretch of moments from `swept_until` to now, for whatever the kinds of triggers look for."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import Error, connection, transaction
from django.db.models import Q, QuerySet

from crm.segments.filters import FilterError
from retention.workflows import published
from retention.workflows.kinds import trigger_kinds
from retention.workflows.models import Workflow
from retention.workflows.triggers import entering
from retention.workflows.triggers.stretch import SWEEP_EVERY

logger = logging.getLogger(__name__)

#: While it is paused people enter and stand still, as by facts: or else all of them would come at once when it goes on.
_LOOKING = (Workflow.State.ON, Workflow.State.PAUSED)


def sweep(now: datetime) -> int:
    """Enroll whom dates and silence have reached since the last look. Returns how many entered.

    A slice for each workflow, each in a transaction of its own: what one cannot do stops no other.
    """
    entered = 0
    for workflow_id in _to_sweep(now).values_list("id", flat=True):
        try:
            with transaction.atomic():
                # Skipped when another worker sweeps it: it will have looked at the same moments.
                due = _stale(now).filter(pk=workflow_id).order_by().select_for_update(skip_locked=True, of=("self",))
                for workflow in due:
                    entered += _sweep_one(workflow, now)
        except (Error, FilterError):
            if not connection.is_usable():
                raise
            logger.exception("The sweep of workflow %d failed", workflow_id)
    return entered


def next_due(now: datetime) -> datetime | None:
    """When the next sweep finds somebody: a day that begins somewhere, or a silence that has lasted."""
    moments = []
    for workflow in Workflow.objects.filter(state__in=_LOOKING):
        if plan := published.runnable(workflow):
            moments.append(trigger_kinds[plan.trigger.when].next_moment(plan.trigger, workflow, now))
    return min((moment for moment in moments if moment), default=None)


def _to_sweep(now: datetime) -> QuerySet[Workflow]:
    """Those of the stale ones that sweeps are for. Facts are no matter of sweeps: see matching."""
    never = [when for when, kind in trigger_kinds.items() if not kind.swept]
    return _stale(now).exclude(version__definition__trigger__when__in=never)


def _stale(now: datetime) -> QuerySet[Workflow]:
    """Workflows that let people in and have not been swept for a while."""
    stale = Q(swept_until=None) | Q(swept_until__lte=now - SWEEP_EVERY)
    return Workflow.objects.filter(stale, state__in=_LOOKING, version__isnull=False)


def _sweep_one(workflow: Workflow, now: datetime) -> int:
    """Slice by slice: the look is over when it finds fewer than a slice holds."""
    plan = published.runnable(workflow)
    entered = 0
    if plan:
        cause = trigger_kinds[plan.trigger.when].causes(plan.trigger, workflow, now)
        entered = entering.enter(workflow, plan.trigger, cause, now)
    if entered < entering.MOST_AT_ONCE:
        Workflow.objects.filter(pk=workflow.pk).update(swept_until=now)
    return entered
