"""Where an enrollment goes after a step."""

from __future__ import annotations

from retention.workflows.batch import Batch
from retention.workflows.definition import Step
from retention.workflows.models import Enrollment


def go_on(step: Step, enrollment: Enrollment, batch: Batch) -> None:
    """To the step after this one on its way, or to the end."""
    enrollment.step_id = batch.definition.following[step.id] or ""


def take(way: list[Step], step: Step, enrollment: Enrollment, batch: Batch) -> None:
    """Into this way; where it is empty, to the step after."""
    enrollment.step_id = (way[0].id if way else batch.definition.following[step.id]) or ""
