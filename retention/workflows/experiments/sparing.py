"""Steps that act are not done for those who are held out: they go past. (Their mail is refused at the gate.)"""

from __future__ import annotations

from collections.abc import Sequence

from retention.workflows.batch import Batch
from retention.workflows.definition import Step
from retention.workflows.kinds import step_kinds
from retention.workflows.models import Enrollment
from retention.workflows.steps.going import go_on

NOTED = "Held out: not done, to measure what the workflow does"


def who_gets_it(step: Step, here: Sequence[Enrollment], batch: Batch) -> list[Enrollment]:
    """Those of them for whom the step is done; for the others it is noted."""
    if not step_kinds[step.do].acts:
        return list(here)
    acting = []
    for enrollment in here:
        if batch.held_out(enrollment):
            batch.ran(enrollment, step, NOTED, held_out=True)
            go_on(step, enrollment, batch)
        else:
            acting.append(enrollment)
    return acting
