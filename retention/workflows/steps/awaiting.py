"""Waiting until something has happened to the customer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from django.db.models import TextField
from django.db.models.expressions import RawSQL
from pydantic import Field

from crm.timeline.models import TimelineEntry
from retention.workflows import rules
from retention.workflows.asking import Asks
from retention.workflows.batch import Batch
from retention.workflows.definition import AnyStep, Step, Way
from retention.workflows.kinds import StepKind, step_kinds
from retention.workflows.leaving import began
from retention.workflows.models import Enrollment, listed
from retention.workflows.steps.going import go_on
from retention.workflows.wording import Line, days


class AwaitStep(Step):
    """Wait until the customer's timeline has a fact of a kind; if it has none after so many days, the `late` steps."""

    do: Literal["await"]
    fact: Annotated[str, Asks("fact")] = Field(title="What must happen", min_length=1, max_length=60)
    called: str = Field(
        title="In words", description="As it ends “Wait for …”: the hand-off, a payment.", min_length=1, max_length=60
    )
    at_most_days: int = Field(title="Wait at most", description="Days, each of 24 hours.", ge=1, le=730)
    same: Annotated[str, Asks("fact_detail")] = Field(
        "",
        title="About the same",
        description="What both facts must name alike, the one that started it and the one that ends the wait: cart, "
        "ticket. Blank: any of its kind.",
        pattern=r"^([A-Za-z_][A-Za-z0-9_.-]{0,59})?$",
    )
    only_new: bool = Field(
        False, title="Only what happens from now on", description="Else whoever has had it before does not wait."
    )
    late: list[AnyStep] = Field(default_factory=list)

    @property
    def ways(self) -> Sequence[Way]:
        in_vain = Way(f"not there after {days(self.at_most_days)}", ("late",), self.late)
        return Way("when it is there", (), ()), in_vain


def await_(step: AwaitStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    """Whoever meets the fact goes on; whoever does not stays at this step until matching wakes them, or the deadline.

    The days of later steps count from the end of the wait, if there was one.
    """
    told, lasting = _told(step, enrollments, batch), timedelta(days=step.at_most_days)
    for enrollment in enrollments:
        deadline = enrollment.awaits_until or enrollment.due_at + lasting
        begin, known = deadline - lasting, told.get(enrollment.pk)
        if known is None and batch.now < deadline:
            enrollment.awaits_until = enrollment.due_at = deadline
            continue
        end = rules.end_of_await(enrollment.due_at, begin, deadline, known)
        _note_await(step, enrollment, batch, None if end == begin else end, came=known is not None)
        go_on(step, enrollment, batch)
        if known is None and step.late:
            enrollment.step_id = step.late[0].id
        enrollment.awaits_until, enrollment.due_at, enrollment.wait_key = None, end, ""


def _told(step: AwaitStep, enrollments: Sequence[Enrollment], batch: Batch) -> dict[int, datetime]:
    """Enrollment id → when we first knew of what it waits for; who has nothing of it is missing."""
    if not step.same and not step.only_new:
        known = batch.told(step.fact)
        return {e.pk: known[e.account_id] for e in enrollments if e.account_id in known}
    for enrollment in enrollments:
        if step.same:
            cause = batch.causes.get(enrollment.facts.get("entry", 0), {})
            enrollment.wait_key = enrollment.wait_key or named(cause, step.same)[:200]
    by_account = _entries(step, enrollments, batch)
    found = {}
    for enrollment in enrollments:
        fits = [at for at, entry in by_account.get(enrollment.account_id, ()) if awaited(entry, step, enrollment)]
        if fits:
            found[enrollment.pk] = min(fits)
    return found


def _entries(
    step: AwaitStep, enrollments: Sequence[Enrollment], batch: Batch
) -> dict[int, list[tuple[datetime, TimelineEntry]]]:
    """By account, those of the kind that one of them may wait for, each with when we knew of it."""
    rows = TimelineEntry.objects.filter(kind=step.fact, account_id__in=listed([e.account_id for e in enrollments]))
    keys = [enrollment.wait_key for enrollment in enrollments]
    if step.same and all(keys):
        path = RawSQL("payload #>> string_to_array(%s, '.')", [step.same], output_field=TextField())
        rows = rows.alias(named=path).filter(named__in=set(keys))
    if step.only_new or not any(keys):
        rows = rows.filter(occurred_at__gte=min(began(enrollment) for enrollment in enrollments))
    found: dict[int, list[tuple[datetime, TimelineEntry]]] = {}
    for entry in rows.only("account_id", "kind", "occurred_at", "recorded_at", "payload"):
        found.setdefault(entry.account_id, []).append((entry.recorded_at, entry))
    return found


def awaited(entry: TimelineEntry, step: AwaitStep, enrollment: Enrollment) -> bool:
    """Whether this fact is what one who stands at the step waits for.

    Of somebody whom no fact has made enter nobody knows which cart or ticket is meant: any new one ends the wait.
    """
    if (
        entry.kind != step.fact
        or entry.account_id != enrollment.account_id
        or entry.pk == enrollment.facts.get("entry")
    ):
        return False
    if step.same and enrollment.wait_key and named(entry.payload, step.same) != enrollment.wait_key:
        return False
    new = step.only_new or (step.same and not enrollment.wait_key)
    return not new or entry.occurred_at >= began(enrollment)


def named(payload: Any, path: str) -> str:
    """What a payload has at `cart.id`, as text; blank for nothing."""
    for part in path.split("."):
        payload = payload.get(part) if isinstance(payload, dict) else None
    return "" if payload is None else payload if isinstance(payload, str) else json.dumps(payload)


def _note_await(step: AwaitStep, enrollment: Enrollment, batch: Batch, until: datetime | None, *, came: bool) -> None:
    if until is None:
        batch.ran(enrollment, step, f"Did not wait: {step.called} was there")
        return
    zone = batch.zone(enrollment)
    outcome = f"Waited for {step.called}" if came else f"Waited in vain for {step.called}"
    batch.ran(enrollment, step, outcome, until=until.isoformat(), zone=zone.key)
    day = until.astimezone(zone).date()
    enrollment.anchor = max(enrollment.anchor or day, day)


def _await_line(step: AwaitStep) -> Line:
    more = f"It goes on by itself when that is there, and waits {days(step.at_most_days)} at most."
    if step.same:
        more += f" It must be about the same {step.same.rpartition('.')[2].removesuffix('_id').replace('_', ' ')}."
    return Line("hourglass", f"Wait for {step.called}", more)


step_kinds.register(
    "await",
    StepKind(
        AwaitStep, await_, _await_line, "Wait for something to happen",
        "Goes on when it is there; another way if it never comes.", "hourglass", "Wait", 20,
    ),
)  # fmt: skip
