"""A workflow's row, locked, and what becomes its current version."""

from __future__ import annotations

from datetime import datetime

from crm.team.models import User
from retention.workflows import recipes, segments
from retention.workflows.definition import Definition, walk
from retention.workflows.kinds import StepKind, TriggerKind, step_kinds, trigger_kinds
from retention.workflows.models import Workflow, WorkflowVersion
from retention.workflows.recipes import RecipeError


def locked(slug: str) -> Workflow:
    """The row, made for a recipe that has none yet, until the caller's transaction ends. Raises RecipeError."""
    if own := Workflow.objects.select_for_update().filter(slug=slug, recipe="").first():
        return own
    name = recipes.load(slug).with_settings({}, to_run=False).name
    Workflow.objects.bulk_create([Workflow(slug=slug, recipe=slug, name=name)], ignore_conflicts=True)
    return Workflow.objects.select_for_update().get(slug=slug)


def publish(workflow: Workflow, plan: Definition, now: datetime, by: User | None = None, note: str = "") -> bool:
    """Make this definition the current version; False: it is that already. The caller saves the workflow.

    Raises RecipeError for what belongs to another room, such as the letter of a campaign, which a second admin reads.
    """
    kinds: list[StepKind | TriggerKind] = [trigger_kinds[plan.trigger.when]]
    kinds += [step_kinds[step.do] for step in walk(plan.steps)]
    if strange := next((kind for kind in kinds if kind.room not in ("", workflow.room)), None):
        raise RecipeError(f"“{strange.label}” belongs to {strange.room}. {strange.about}")
    workflow.name = plan.name
    data = plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    current = workflow.version
    if current is not None and current.definition == data:
        return False
    segments.hold(data)
    workflow.version = WorkflowVersion.objects.create(
        workflow=workflow, number=current.number + 1 if current else 1, definition=data, published_at=now,
        published_by=by, note=note,
    )  # fmt: skip
    return True
