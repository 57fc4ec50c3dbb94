"""Who leaves a workflow before its way ends: asked before each step, and once more when a mail is about to leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from crm import slots
from crm.segments import filters
from retention.workflows import rules
from retention.workflows.definition import DateTrigger, Definition
from retention.workflows.models import Enrollment

#: Why somebody leaves whose date is no longer what it was; the new one makes them enter again.
DATE_CHANGED = "The date it counted from has changed"


@dataclass(frozen=True, slots=True)
class Leaving:
    """How an enrollment ends, why, and what was seen that decided it."""

    state: str  # Enrollment.State
    because: str
    seen: dict[str, str] = field(default_factory=dict)


def who_leaves(plan: Definition, enrollments: Sequence[Enrollment], now: datetime) -> dict[int, Leaving]:
    """By enrollment id: whose date has changed, who fits the goal or an exit. One query for each of these.

    Goals and exits that are facts are not asked here; matching ends those when the fact comes.
    """
    leaving = {pk: Leaving(Enrollment.State.EXITED, DATE_CHANGED) for pk in _outdated(plan, enrollments)}
    for leave in plan.leaves:
        staying = [enrollment for enrollment in enrollments if enrollment.pk not in leaving]
        if leave.where is None or not staying:
            continue
        weighed = weigh(leave.where, staying, now)
        for enrollment in staying:
            holds, seen = weighed[enrollment.account_id]
            if holds:
                leaving[enrollment.pk] = Leaving(plan.ending(leave), leave.because, seen)
    return leaving


def weigh(
    tree: dict[str, Any], enrollments: Sequence[Enrollment], now: datetime
) -> dict[int, tuple[bool, dict[str, str]]]:
    """Account id → whether the filter holds, and the values that decided it, as text; one query."""
    condition = filters.parse(tree, "account")
    values = condition.values([enrollment.account_id for enrollment in enrollments], now)
    return {
        pk: (condition.matches(seen, now), {name: str(value) for name, value in seen.items()})
        for pk, seen in values.items()
    }


def _outdated(plan: Definition, enrollments: Sequence[Enrollment]) -> list[int]:
    """Those that entered because of a date which has been changed or taken back since."""
    trigger = plan.trigger
    if not isinstance(trigger, DateTrigger):
        return []
    sql = f"SELECT account_id, fact FROM ({slots.date_fields[trigger.field].sql}) AS dates WHERE account_id = ANY(%s)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [[enrollment.account_id for enrollment in enrollments]])
        standing = set(cursor.fetchall())
    entered = (e for e in enrollments if not e.trigger_key.startswith(rules.BY_HAND))
    return [e.pk for e in entered if (e.account_id, e.trigger_key) not in standing]
