"""Workflows of one's own: from nothing, from a recipe or another workflow, from a file; put away and brought back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from crm.history.actions import act
from crm.team.models import User
from retention.workflows import recipes
from retention.workflows.building.drafts import EMPTY, DraftError
from retention.workflows.building.files import read, sound
from retention.workflows.building.models import DraftEdit
from retention.workflows.changing import stopping
from retention.workflows.finding import find, plan_of
from retention.workflows.models import Workflow

#: Taken by addresses beside those of workflows.
TAKEN = frozenset({"new", "why", "holdout", "campaigns", "draft"})
_LONGEST = 50


def begin(name: str, by: User, now: datetime) -> Workflow:
    """An empty one. Raises DraftError without a name."""
    return _make(name, EMPTY, "made the workflow", by, now)


def copy_of(slug: str, name: str, by: User, now: datetime) -> Workflow:
    """From a recipe with its settings as they are, or from another workflow as it runs. Raises DraftError."""
    source = find(slug)
    if source.room:
        raise DraftError(f"“{source}” is copied on its own page, in {source.room}.")
    plan = plan_of(source)
    if plan is None:
        raise DraftError(f"Nothing of {source} is published yet, so there is nothing to copy.")
    data = plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    return _make(name.strip() or f"{plan.name} (own)", data, f"copied the workflow “{plan.name}” to", by, now)


def from_file(text: str, by: User, now: datetime) -> Workflow:
    """Raises RecipeError with the place and the reason."""
    data = read(text)
    return _make(data["name"], data, "imported the workflow", by, now)


def from_definition(told: Any, by: User, now: datetime) -> Workflow:
    """As a file says it, read already. Raises RecipeError with the place and the reason."""
    data = sound(told)
    return _make(data["name"], data, "made the workflow", by, now)


@transaction.atomic
def _make(name: str, data: dict[str, Any], verb: str, by: User, now: datetime) -> Workflow:
    name = " ".join(name.split())
    if not name:
        raise DraftError("Give it a name.")
    if len(name) > 120:
        raise DraftError("A name has at most 120 characters.")
    draft = dict(data) | {"name": name}
    with act("workflow.made", f"{verb} “{name}”", by, now) as done:
        workflow = _insert(name, draft, by, now)
        done.detail["workflow"] = workflow.pk
    DraftEdit.objects.create(
        workflow=workflow, place=0, edition=1, part="", words="began a draft", data=draft, by=by, at=now
    )
    return workflow


def _insert(name: str, draft: dict[str, Any], by: User, now: datetime) -> Workflow:
    """Under a name in addresses that nobody has; two who make the same at once get two."""
    wish = slugify(name)[:_LONGEST].strip("-") or "workflow"
    for number in range(1, 1000):
        slug = wish if number == 1 else f"{wish}-{number}"
        if slug in TAKEN or slug in recipes.names() or Workflow.objects.filter(slug=slug).exists():
            continue
        try:
            with transaction.atomic():
                return Workflow.objects.create(
                    slug=slug, name=name, draft=draft, draft_edition=1, drafted_at=now, drafted_by=by, created_at=now
                )
        except IntegrityError:
            continue
    raise DraftError("There are too many workflows of this name. Choose another.")


@transaction.atomic
def archive(slug: str, by: User, now: datetime) -> Workflow:
    """Put it away; whoever is under way in it leaves. Raises DraftError."""
    workflow = _own(slug)
    with act("workflow.archived", f"archived the workflow “{workflow}”", by, now, {"workflow": workflow.pk}):
        if workflow.state != Workflow.State.OFF:
            stopping.stop(workflow, by, now)
        Workflow.objects.filter(pk=workflow.pk).update(archived_at=now)
    return workflow


@transaction.atomic
def bring_back(slug: str, by: User, now: datetime) -> Workflow:
    """It is off until somebody switches it on. Raises DraftError."""
    workflow = _own(slug)
    with act("workflow.brought_back", f"brought back the workflow “{workflow}”", by, now, {"workflow": workflow.pk}):
        Workflow.objects.filter(pk=workflow.pk).update(archived_at=None)
    return workflow


def _own(slug: str) -> Workflow:
    workflow = Workflow.objects.select_for_update().filter(slug=slug, recipe="", room="").first()
    if workflow is None:
        raise DraftError("Recipes, and what has a page of its own, are not archived. Switch it off instead.")
    return workflow
