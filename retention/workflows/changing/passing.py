"""Steps that somebody goes past: what they did under another version, and what came due while the workflow stood still.

Asked by the engine around each step, once for all kinds of steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from retention.workflows.batch import Batch
from retention.workflows.changing.placing import onward
from retention.workflows.changing.resuming import passable
from retention.workflows.models import Enrollment
from retention.workflows.rows import Run

#: The kind of the step run of a step that was passed over.
SKIPPED = "skipped"
WHILE_PAUSED = "Left out: its time came while the workflow stood still"


def who_runs(step: Any, here: Sequence[Enrollment], batch: Batch) -> list[Enrollment]:
    """Those of them that run the step; the others are past it, with a note why."""
    if batch.skips is None or not passable(step):
        return list(here)
    begin, end = batch.skips
    runs = []
    for enrollment in here:
        if begin <= enrollment.due_at < end and enrollment.entered_at < end:
            batch.runs.append(Run(enrollment.pk, step.id, enrollment.visit, SKIPPED, WHILE_PAUSED, {"was": step.do}))
            enrollment.step_id = batch.definition.following[step.id] or ""
        else:
            runs.append(enrollment)
    return runs


def go_past(enrollment: Enrollment) -> None:
    """Behind the steps that it does not run since it came from another version."""
    if enrollment.passes and enrollment.step_id:
        enrollment.step_id = onward(enrollment.step_id, enrollment.passes)
