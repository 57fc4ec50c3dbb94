"""The verbs of workflows: switch on and off, pause and resume, set, publish, and do what is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from crm.history.actions import act
from crm.outbox.actions import close_the_gate
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.timeline.models import TimelineEntry
from crm.web import clock
from retention.workflows import brake, engine, matching, published, recipes, triggers
from retention.workflows.changing import moving, resuming, stopping
from retention.workflows.changing.resuming import Choice
from retention.workflows.definition import DefinitionError, parse
from retention.workflows.models import Enrollment, Workflow
from retention.workflows.publishing import locked, publish
from retention.workflows.recipes import RecipeError


def work(now: datetime) -> int:
    """One slice of everything that is due: facts matched, sweeps made, enrollments advanced. Returns rows moved."""
    return matching.match(now) + triggers.sweep(now) + moving.work(now) + engine.advance(now)


def next_due(now: datetime) -> datetime | None:
    """The earliest moment after `now` at which a date, a silence or a wait makes something due."""
    moments = (matching.next_due(now), triggers.next_due(now), engine.next_due(now))
    return min((moment for moment in moments if moment), default=None)


@transaction.atomic
def enable(slug: str, now: datetime, by: User | None = None, *, include_current: bool = False) -> Workflow:
    """Switch it on: facts from now on count. With `include_current` also customers who already are silent, or
    inside the window before a date. What is paused goes on; what is on stays as it is. Raises RecipeError.
    """
    workflow = locked(slug)
    _make_ready(workflow, now)
    was = workflow.state
    if workflow.state == Workflow.State.OFF:
        workflow.enabled_at = workflow.swept_until = now
    if include_current:
        workflow.swept_until = None
    if workflow.state == Workflow.State.PAUSED:
        workflow.opened_at, since, workflow.paused_at = now, workflow.paused_at, None
        resuming.catch_up(workflow, Choice(), since or now, now)
    workflow.state = Workflow.State.ON
    workflow.save()
    if was != workflow.state:
        also = ", also for those whom it fits already" if include_current else ""
        with act("workflow.enabled", f"switched on “{workflow}”{also}", by, now, {"workflow": workflow.pk}):
            pass
    return workflow


def _make_ready(workflow: Workflow, now: datetime) -> None:
    """A recipe is published as its file is now; what people made here they publish themselves."""
    if not workflow.is_own:
        publish(workflow, recipes.load(workflow.recipe).with_settings(workflow.settings), now)
    elif workflow.room and workflow.state == Workflow.State.OFF:
        raise RecipeError(f"“{workflow}” is started on a page of its own, in {workflow.room}.")
    elif workflow.archived_at:
        raise RecipeError(f"{workflow} is archived. Bring it back first.")
    elif not workflow.version_id:
        raise RecipeError(f"Nothing of {workflow} is published yet. Open the builder and publish it.")


@transaction.atomic
def disable(slug: str, now: datetime, by: User | None = None) -> Workflow:
    """Switch it off at once: nobody enters, nothing of it leaves any more, and who is under way or parked has left it.

    Raises RecipeError. `changing.stopping.bring_back` undoes it.
    """
    workflow = locked(slug)
    stopping.stop(workflow, by, now)
    return workflow


def rest(now: datetime) -> None:
    """All off, with nobody inside: a demo has gone, and its customers with it."""
    Workflow.objects.update(state=Workflow.State.OFF, enabled_at=None, swept_until=None, opened_at=None, **brake.OFF)


@transaction.atomic
def pause(workflow: Workflow, now: datetime | None = None, by: User | None = None) -> bool:
    """Stand still at once, mail included; facts still enter. False: it was not on."""
    moment = now or clock.now()
    on = Workflow.objects.filter(pk=workflow.pk, state=Workflow.State.ON)
    done = on.update(state=Workflow.State.PAUSED, paused_at=moment)
    close_the_gate()  # after the workflow, as in `disable`
    if done:
        with act("workflow.paused", f"paused “{workflow}”", by, moment, {"workflow": workflow.pk}):
            pass
    return bool(done)


def resume(workflow: Workflow, now: datetime, choice: Choice | None = None, by: User | None = None) -> bool:
    """Go on. The choice says what becomes of what came due meanwhile: it is left out, unless somebody wants it.

    False: it was not paused.
    """
    return resuming.resume(workflow, choice or Choice(), by, now)


@transaction.atomic
def configure(slug: str, chosen: Mapping[str, Any], now: datetime) -> Workflow:
    """Change settings. A running workflow gets a new version; who is under way finishes on theirs.

    Raises RecipeError.
    """
    recipe = recipes.load(slug)
    workflow = locked(slug)
    merged = workflow.settings | dict(chosen)
    plan = recipe.with_settings(merged)
    workflow.settings = {name: plan.settings[name] for name in merged}
    if workflow.version_id:
        publish(workflow, plan, now)
    workflow.save()
    return workflow


@transaction.atomic
def hold_out(slug: str, percent: int, now: datetime) -> Workflow:
    """Let so many in a hundred of those who enter from now on get nothing of it, to measure what it does.

    A running workflow gets a new version. Raises RecipeError for a share that is out of bounds.
    """
    if slug in recipes.names():
        return configure(slug, {recipes.HOLDOUT: percent}, now)
    workflow = Workflow.objects.select_for_update(of=("self",)).filter(slug=slug, version__isnull=False).first()
    if workflow is None:
        raise RecipeError("Nothing of it is published yet: the builder asks how many are held out.")
    data = published.of_version(workflow.version_id or 0).model_dump(mode="json", by_alias=True, exclude_none=True)
    try:
        publish(workflow, parse(data | {recipes.HOLDOUT: percent}), now)
    except DefinitionError as error:
        raise RecipeError(str(error)) from None
    _kept_in_the_draft(workflow, percent)
    workflow.save()
    return workflow


def _kept_in_the_draft(workflow: Workflow, percent: int) -> None:
    """Whoever publishes a draft that was begun before, or undoes a change of it, does not end the comparison."""
    if workflow.draft is None:
        return
    workflow.draft = workflow.draft | {recipes.HOLDOUT: percent}
    for edit in workflow.draft_edits.all():  # type: ignore[attr-defined]
        edit.data |= {recipes.HOLDOUT: percent}
        edit.save(update_fields=["data"])


def retry(enrollment: Enrollment, reason: str, by: User | None, now: datetime) -> bool:
    """Give a parked enrollment another round of attempts. False: it was not parked, or its workflow is off."""
    return bool(retry_many([enrollment.pk], reason, by, now))


@transaction.atomic
def retry_many(ids: Sequence[int] | None, reason: str, by: User | None, now: datetime) -> list[int]:
    """Give those of these enrollments that are parked, all parked ones with None, another round of attempts.

    Who wanted it, and why, stands on the customer's timeline. Returns those that were parked in a workflow that is not
    off; the others stay as they are.
    """
    rows = list(_parked(ids).exclude(workflow__state=Workflow.State.OFF).select_related("workflow"))
    record([_retried(row, reason, by, now) for row in rows], react=False, now=now)
    found = [row.pk for row in rows]
    Enrollment.objects.filter(pk__in=found).update(
        state=Enrollment.State.ACTIVE, attempts=0, due_at=now, ended_because=""
    )
    return found


def _retried(row: Enrollment, reason: str, by: User | None, now: datetime) -> Fact:
    text = f"Tried again in the workflow “{row.workflow}”, at step {row.step_id}"
    return Fact(
        row.account_id,
        "enrollment.retried",
        f"{text}: {reason}" if reason else text,
        occurred_at=now,
        source=TimelineEntry.Source.PERSON if by else TimelineEntry.Source.AUTOMATIC,
        actor_id=by.pk if by else None,
        payload={"enrollment": row.pk, "reason": reason, "error": row.ended_because, "attempts": row.attempts},
    )


def discard(enrollment: Enrollment, reason: str, by: User | None, now: datetime) -> bool:
    """Let a parked enrollment leave for this reason. False: it was not parked."""
    return bool(discard_many([enrollment.pk], reason, by, now))


@transaction.atomic
def discard_many(ids: Sequence[int] | None, reason: str, by: User | None, now: datetime) -> list[int]:
    """Let those of these enrollments that are parked, all parked ones with None, leave for this reason.

    Returns those that were parked. Batches hold active ones only, so a running one never sees what is discarded.
    """
    because = f"Discarded by {by.name}: {reason}" if by else f"Discarded: {reason}"
    found = [row.pk for row in _parked(ids)]
    left = {"state": Enrollment.State.EXITED, "ended_at": now, "ended_because": because[:300]}
    Enrollment.objects.filter(pk__in=found).update(**left)
    return found


def _parked(ids: Sequence[int] | None) -> QuerySet[Enrollment]:
    """Locked, in the order of their ids: whoever decides second finds them decided."""
    parked = Enrollment.objects.filter(state=Enrollment.State.PARKED).order_by("id").select_for_update(of=("self",))
    return parked if ids is None else parked.filter(pk__in=ids)
