"""What was published when, and what changed."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from django.http import HttpRequest

from retention.workflows import recipes
from retention.workflows.definition import Definition
from retention.workflows.models import Workflow, WorkflowVersion
from retention.workflows.recipes import said

#: So many are shown.
SHOWN = 50


def context(request: HttpRequest, workflow: Workflow, plan: Definition) -> dict[str, Any]:
    labels = {name: setting.label for name, setting in recipes.load(workflow.slug).settings.items()}
    versions = list(workflow.versions.order_by("-number")[: SHOWN + 1]) if workflow.pk else []
    return {"lines": [
        {"version": version, "settings": _settings_since(before, version, labels)}
        for version, before in zip_longest(versions[:SHOWN], versions[1:])
    ]}  # fmt: skip


def _settings_since(before: WorkflowVersion | None, version: WorkflowVersion, labels: dict[str, str]) -> list[Any]:
    """Each setting with its label, in the recipe's order, and what it was in the version before where that differs."""
    now, old = version.definition.get("settings", {}), (before.definition.get("settings", {}) if before else {})
    order = [name for name in labels if name in now] + [name for name in now if name not in labels]
    return [
        {"label": labels.get(name, name), "value": said(now[name]), "was": said(was), "changed": was != now[name]}
        for name, was in ((name, old.get(name, now[name])) for name in order)
    ]
