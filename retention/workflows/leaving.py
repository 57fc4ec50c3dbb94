"""Who leaves a workflow before its way ends: asked before each step, and once more when a mail is about to leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm.segments import filters
from crm.timeline.models import TimelineEntry
from retention.workflows import rules
from retention.workflows.definition import Definition
from retention.workflows.kinds import trigger_kinds
from retention.workflows.models import Enrollment, listed

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

    Goals and exits that are facts are asked before the first step alone; matching ends those when the fact comes.
    """
    leaving = {pk: Leaving(Enrollment.State.EXITED, DATE_CHANGED) for pk in _outdated(plan, enrollments)}
    met = _met_before(plan, enrollments)
    for leave in plan.leaves:
        staying = [enrollment for enrollment in enrollments if enrollment.pk not in leaving]
        if leave.fact:
            there = [e for e in staying if any(ends(entry, leave.fact, e) for entry in met.get(e.pk, ()))]
            leaving |= {e.pk: Leaving(plan.ending(leave), leave.because) for e in there}
        if leave.where is None or not staying:
            continue
        weighed = weigh(leave.where, staying, now)
        for enrollment in staying:
            holds, seen = weighed[enrollment.account_id]
            if holds:
                leaving[enrollment.pk] = Leaving(plan.ending(leave), leave.because, seen)
    return leaving


def ends(entry: TimelineEntry, kind: str, enrollment: Enrollment) -> bool:
    """Whether the fact is of this kind, and happened after what made the customer enter."""
    return (
        entry.kind == kind
        and entry.account_id == enrollment.account_id
        and entry.pk != enrollment.facts.get("entry")
        and entry.occurred_at >= _began(enrollment)
    )


def _began(enrollment: Enrollment) -> datetime:
    """When what made it enter happened: another fact may lie between that and when we read it."""
    fact = enrollment.facts.get("at")
    return datetime.fromisoformat(fact) if fact else enrollment.entered_at


def _met_before(plan: Definition, enrollments: Sequence[Enrollment]) -> dict[int, list[TimelineEntry]]:
    """By enrollment id, of those that have not begun to walk: facts of the kinds that end it.

    Matching may have read them before these had entered: what made them enter had failed and came late, or was being
    matched beside. Whoever has entered and is seen here has all that was read until then on the timeline.
    """
    kinds = [leave.fact for leave in plan.leaves if leave.fact]
    first = [e for e in enrollments if e.step_id == plan.steps[0].id and e.awaits_until is None] if kinds else []
    if not first:
        return {}
    entries = TimelineEntry.objects.filter(
        account_id__in=listed([e.account_id for e in first]), kind__in=kinds, occurred_at__gte=min(map(_began, first))
    )
    of_account: dict[int, list[TimelineEntry]] = {}
    for entry in entries.only("account_id", "kind", "occurred_at").order_by():
        of_account.setdefault(entry.account_id, []).append(entry)
    return {e.pk: of_account.get(e.account_id, []) for e in first}


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
    standing = trigger_kinds[plan.trigger.when].standing
    if standing is None:
        return []
    entered = [e for e in enrollments if not e.trigger_key.startswith(rules.BY_HAND)]
    still = standing(plan.trigger, [(e.account_id, e.trigger_key) for e in entered])
    return [e.pk for e in entered if (e.account_id, e.trigger_key) not in still]
