"""The numbers of a recipe."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from retention.workflows import recipes
from retention.workflows.definition import Definition
from retention.workflows.forms import SettingsForm
from retention.workflows.models import Workflow


def context(request: HttpRequest, workflow: Workflow, plan: Definition) -> dict[str, Any]:
    return {"form": SettingsForm(recipes.load(workflow.slug), workflow.settings)}
