"""A workflow by the name in its address, and what it does."""

from __future__ import annotations

from django.http import Http404

from retention.workflows import published, recipes
from retention.workflows.definition import Definition, DefinitionError, parse
from retention.workflows.models import Workflow


def find(slug: str) -> Workflow:
    """The workflow, or an unsaved one for a recipe that was never switched on. Raises Http404."""
    if workflow := Workflow.objects.select_related("version", "version__published_by").filter(slug=slug).first():
        return workflow
    if slug not in recipes.names():
        raise Http404
    return Workflow(slug=slug, recipe=slug, name=recipes.load(slug).with_settings({}, to_run=False).name)


def plan_of(workflow: Workflow) -> Definition | None:
    """What it does, or would do if it were switched on; None where nothing was ever published of an own one."""
    if workflow.version_id:
        return published.of_version(workflow.version_id)
    return recipes.load(workflow.recipe).with_settings(workflow.settings, to_run=False) if workflow.recipe else None


def draft_of(workflow: Workflow) -> Definition | None:
    """What is being built, once it is finished enough to run; None while it is not, or where nobody builds."""
    try:
        return parse(workflow.draft) if workflow.draft else None
    except DefinitionError:
        return None
