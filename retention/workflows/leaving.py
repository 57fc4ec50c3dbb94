"""Who leaves a workflow before its way ends: asked before each step, and once more when a mail is about to leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from crm.segments import filters
from crm.timeline.models import TimelineEntry
from retention.workflows import rules
from retention.workflows.definition import Definition, Leave
from retention.workflows.kinds import trigger_kinds
from retention.workflows.models import Enrollment, listed

#: Why somebody leaves whose date is no longer what it was; the new one makes them enter again.
DATE_CHANGED = "The date it counted from has changed"


@dataclass(frozen=True, slots=True)
class Leaving:
    """How an enrollment ends, why, and what was seen that decided it."""

    state: str  # Enrollment.State
    because: str
    seen: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Looked:
    """All that decides whether one enrollment leaves, as plain values."""

    outdated: bool = False  # the date that made it enter is not what it was
    met: str = ""  # the place of the goal or exit whose fact has come, see `places`
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)  # by place: what its filter looked at


def who_leaves(plan: Definition, enrollments: Sequence[Enrollment], now: datetime) -> dict[int, Leaving]:
    """By enrollment id: whose date has changed, who fits the goal or an exit. One query for each of these.

    Goals and exits that are facts are asked before the first step alone; matching ends those when the fact comes.
    """
    looked = look(plan, enrollments, now)
    found = {pk: leaves(plan, of, now) for pk, of in looked.items()}
    return {pk: left for pk, left in found.items() if left}


def look(plan: Definition, enrollments: Sequence[Enrollment], now: datetime) -> dict[int, Looked]:
    """By enrollment id; one query for each of the things that may make it leave."""
    outdated, met = set(_outdated(plan, enrollments)), _met_before(plan, enrollments)
    looked = {enrollment.pk: Looked(enrollment.pk in outdated) for enrollment in enrollments}
    for place, leave in places(plan).items():
        for enrollment in enrollments if leave.fact else ():
            of = looked[enrollment.pk]
            if not of.met and any(ends(entry, leave.fact or "", enrollment) for entry in met.get(enrollment.pk, ())):
                of.met = place
        if leave.where is not None:
            values = seen(leave.where, [enrollment.account_id for enrollment in enrollments], now)
            for enrollment in enrollments:
                looked[enrollment.pk].seen[place] = values.get(enrollment.account_id, {})
    return looked


def places(plan: Definition) -> dict[str, Leave]:
    """The goal and the exits, in the order in which they are asked, by a name that lasts as long as the version."""
    return {str(place): leave for place, leave in enumerate(plan.leaves)}


def leaves(plan: Definition, looked: Looked, now: datetime) -> Leaving | None:
    """What is decided by what was seen: the same whenever it is asked again with the moment of that look."""
    if looked.outdated:
        return Leaving(Enrollment.State.EXITED, DATE_CHANGED)
    for place, leave in places(plan).items():
        if leave.fact and looked.met == place:
            return Leaving(plan.ending(leave), leave.because)
        values = looked.seen.get(place)
        if leave.where is not None and values is not None and holds(leave.where, values, now):
            return Leaving(plan.ending(leave), leave.because, values)
    return None


def ends(entry: TimelineEntry, kind: str, enrollment: Enrollment) -> bool:
    """Whether the fact is of this kind, and happened after what made the customer enter."""
    return (
        entry.kind == kind
        and entry.account_id == enrollment.account_id
        and entry.pk != enrollment.facts.get("entry")
        and entry.occurred_at >= began(enrollment)
    )


def began(enrollment: Enrollment) -> datetime:
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
        account_id__in=listed([e.account_id for e in first]), kind__in=kinds, occurred_at__gte=min(map(began, first))
    )
    of_account: dict[int, list[TimelineEntry]] = {}
    for entry in entries.only("account_id", "kind", "occurred_at").order_by():
        of_account.setdefault(entry.account_id, []).append(entry)
    return {e.pk: of_account.get(e.account_id, []) for e in first}


def weigh(
    tree: dict[str, Any], enrollments: Sequence[Enrollment], now: datetime
) -> dict[int, tuple[bool, dict[str, Any]]]:
    """Account id → whether the filter holds, and the values that decided it, as they are kept; one query."""
    values = seen(tree, [enrollment.account_id for enrollment in enrollments], now)
    return {pk: (holds(tree, of, now), of) for pk, of in values.items()}


def seen(tree: dict[str, Any], account_ids: Sequence[int], now: datetime) -> dict[int, dict[str, Any]]:
    """What a filter looks at, by account, as JSON keeps it; who is gone is missing."""
    found = filters.parse(tree, "account").values(account_ids, now)
    return {pk: {name: plain(value) for name, value in values.items()} for pk, values in found.items()}


def holds(tree: dict[str, Any], values: dict[str, Any], now: datetime) -> bool:
    """Whether the filter held of somebody of whom these values were kept at that moment."""
    return filters.parse(tree, "account").matches(values, now)


def plain(value: Any) -> Any:
    if isinstance(value, date):  # moments too
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _outdated(plan: Definition, enrollments: Sequence[Enrollment]) -> list[int]:
    """Those that entered because of a date which has been changed or taken back since."""
    standing = trigger_kinds[plan.trigger.when].standing
    if standing is None:
        return []
    entered = [e for e in enrollments if not e.trigger_key.startswith(rules.BY_HAND)]
    still = standing(plan.trigger, [(e.account_id, e.trigger_key) for e in entered])
    return [e.pk for e in entered if (e.account_id, e.trigger_key) not in still]
