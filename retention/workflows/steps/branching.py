"""Parting: by what is true of the customer; and the end of a way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from crm.segments import filters
from retention.workflows.asking import Asks
from retention.workflows.batch import Batch
from retention.workflows.causes import Tree
from retention.workflows.definition import AnyStep, Step, Way
from retention.workflows.kinds import StepKind, step_kinds
from retention.workflows.leaving import weigh
from retention.workflows.models import Enrollment
from retention.workflows.steps.going import take
from retention.workflows.wording import Line


class BranchStep(Step):
    """If the filter holds, then these steps, else those."""

    do: Literal["branch"]
    if_: Annotated[Tree, Asks("filter")] = Field(alias="if", title="If")
    then: list[AnyStep] = Field(default_factory=list)
    else_: list[AnyStep] = Field(default_factory=list, alias="else")

    @property
    def ways(self) -> Sequence[Way]:
        return Way("yes", ("then",), self.then), Way("no", ("else",), self.else_)


class EndStep(Step):
    """Nothing more, whatever stands below."""

    do: Literal["end"]
    because: str = Field("It ended here", title="Why it ends", max_length=200)


def branch(step: BranchStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    weighed = weigh(step.if_, enrollments, batch.now)
    for enrollment in enrollments:
        holds, seen = weighed[enrollment.account_id]
        batch.ran(enrollment, step, "Took the way “yes”" if holds else "Took the way “no”", seen=seen)
        take(step.then if holds else step.else_, step, enrollment, batch)


def end(step: EndStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    for enrollment in enrollments:
        batch.ran(enrollment, step, step.because)
        enrollment.step_id = ""
        enrollment.ended_because = step.because


def _branch_line(step: BranchStep) -> Line:
    return Line("split", f"If {filters.parse(step.if_, 'account').sentence()}")


def _end_line(step: EndStep) -> Line:
    return Line("flag", "End", step.because)


step_kinds.register(
    "branch",
    StepKind(
        BranchStep, branch, _branch_line, "If … else", "Two ways, by what is true of the customer at that moment.",
        "split", "Decide", 10,
    ),
)  # fmt: skip
step_kinds.register(
    "end", StepKind(EndStep, end, _end_line, "End here", "Nothing more on this way.", "flag", "Decide", 90)
)
