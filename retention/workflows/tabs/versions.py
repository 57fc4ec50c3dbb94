"""What was published when, by whom, what changed, and how many are under way on each; two of them side by side."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from django.db.models import Count
from django.http import HttpRequest

from retention.workflows import definition, recipes
from retention.workflows.changing.differing import Difference, differ
from retention.workflows.definition import Definition, DefinitionError
from retention.workflows.models import Enrollment, Workflow, WorkflowVersion
from retention.workflows.recipes import RecipeError, said

#: So many are shown.
SHOWN = 20


def context(request: HttpRequest, workflow: Workflow, plan: Definition) -> dict[str, Any]:
    versions = list(workflow.versions.order_by("-number")[: SHOWN + 1]) if workflow.pk else []
    plans = {version.pk: _readable(version) for version in versions}
    inside = _under_way(workflow)
    labels = _labels(workflow)
    lines = [
        {
            "version": version, "current": version.pk == workflow.version_id, "people": inside.get(version.pk, 0),
            "before": before, "difference": _between(plans, before, version), "readable": plans[version.pk] is not None,
            "settings": _settings_since(before, version, labels),
        }
        for version, before in zip_longest(versions[:SHOWN], versions[1:])
        if version
    ]  # fmt: skip
    behind = sum(count for version, count in inside.items() if version != workflow.version_id)
    return {"lines": lines, "behind": behind, "compared": _compared(request, workflow)}


def _labels(workflow: Workflow) -> dict[str, str]:
    try:
        return {name: setting.label for name, setting in recipes.load(workflow.slug).settings.items()}
    except RecipeError:  # one of their own has no settings
        return {}


def _under_way(workflow: Workflow) -> dict[int, int]:
    """By version: how many are under way on it, those included who stand still over a failure."""
    inside = [Enrollment.State.ACTIVE, Enrollment.State.PARKED]
    rows = Enrollment.objects.filter(workflow_id=workflow.pk, state__in=inside) if workflow.pk else None
    if rows is None:
        return {}
    return dict(rows.order_by().values_list("version_id").annotate(how_many=Count("pk")))


def _readable(version: WorkflowVersion) -> Definition | None:
    try:
        return definition.parse(version.definition, published=True)
    except DefinitionError:
        return None


def _between(
    plans: dict[int, Definition | None], before: WorkflowVersion | None, version: WorkflowVersion
) -> Difference | None:
    old, new = plans[before.pk] if before else None, plans[version.pk]
    return differ(old, new) if old and new else None


def _compared(request: HttpRequest, workflow: Workflow) -> dict[str, Any] | None:
    """The two versions that the address names, side by side; None if it names none."""
    asked = [request.GET.get(name, "") for name in ("from", "to")]
    if not workflow.pk or not all(one.isascii() and one.isdigit() and len(one) < 6 for one in asked):
        return None
    found = {str(row.number): row for row in workflow.versions.filter(number__in=map(int, asked))}
    old, new = found.get(asked[0]), found.get(asked[1])
    if old is None or new is None:
        return None
    plans = _readable(old), _readable(new)
    difference = differ(plans[0], plans[1]) if plans[0] and plans[1] else None
    return {"old": old, "new": new, "difference": difference}


def _settings_since(before: WorkflowVersion | None, version: WorkflowVersion, labels: dict[str, str]) -> list[Any]:
    """Each setting with its label, in the recipe's order, and what it was in the version before where that differs."""
    now, old = version.definition.get("settings", {}), (before.definition.get("settings", {}) if before else {})
    order = [name for name in labels if name in now] + [name for name in now if name not in labels]
    return [
        {"label": labels.get(name, name), "value": said(now[name]), "was": said(was), "changed": was != now[name]}
        for name, was in ((name, old.get(name, now[name])) for name in order)
    ]
