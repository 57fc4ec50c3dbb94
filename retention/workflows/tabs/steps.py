"""What it does, from the trigger to the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from crm.outbox.models import MailPolicy
from retention.workflows import figures, wording
from retention.workflows.definition import Definition
from retention.workflows.models import Workflow
from retention.workflows.rehearsal import tab as rehearsed


def context(request: HttpRequest, workflow: Workflow, plan: Definition) -> dict[str, Any]:
    standing, behind = figures.standing_at(workflow) if workflow.pk else ({}, 0)
    drawn = {
        "ways": _drawn(plan.steps, standing), "behind": behind, "leaves": plan.leaves, "policy": MailPolicy.the_only(),
    }  # fmt: skip
    return drawn | rehearsed.card(workflow, plan)


def _drawn(steps: Sequence[Any], standing: dict[str, int]) -> list[dict[str, Any]]:
    """The steps as the page draws them; where it parts, it carries the ways by their words."""
    return [
        {
            "step": step, "line": wording.line(step), "standing": standing.get(step.id, 0),
            "ways": [(word, _drawn(way, standing)) for word, way in wording.ways(step)],
        }
        for step in steps
    ]  # fmt: skip
