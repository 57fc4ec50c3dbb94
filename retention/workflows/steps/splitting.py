"""Parting by lot: each customer goes one of the ways, always the same one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from retention.workflows.batch import Batch
from retention.workflows.causes import Strict
from retention.workflows.definition import AnyStep, Step, Way
from retention.workflows.kinds import StepKind, step_kinds
from retention.workflows.models import Enrollment
from retention.workflows.steps.going import take
from retention.workflows.wording import Line


class Arm(Strict):
    """One of the ways."""

    name: str = Field(title="Name", description="Such as A, or “short”.", min_length=1, max_length=30)
    weight: int = Field(1, title="Weight", description="Its share of all weights.", ge=0, le=1000)
    steps: list[AnyStep] = Field(default_factory=list)


class SplitStep(Step):
    """Let a part of the customers go each way, to see which works best."""

    do: Literal["split"]
    arms: list[Arm] = Field(title="Ways", min_length=2, max_length=5)
    winner: str | None = Field(
        None, title="Winner", description="The way that all go from now on; blank: it is still being tried.",
        max_length=30, json_schema_extra={"last": True, "if_set": True},
    )  # fmt: skip

    @model_validator(mode="after")
    def _adds_up(self) -> SplitStep:
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names):
            raise ValueError("two ways have the same name")
        if not any(arm.weight for arm in self.arms):
            raise ValueError("give at least one way a weight above 0")
        if self.winner is not None and self.winner not in names:
            raise ValueError(f"the winner {self.winner!r} is none of its ways: {', '.join(names)}")
        return self

    @property
    def ways(self) -> Sequence[Way]:
        total = sum(arm.weight for arm in self.arms)
        return [Way(self._word(arm, total), ("arms", index, "steps"), arm.steps) for index, arm in enumerate(self.arms)]

    def _word(self, arm: Arm, total: int) -> str:
        if self.winner is not None:
            return f"{arm.name}: all" if arm.name == self.winner else f"{arm.name}: nobody any more"
        return f"{arm.name}: {round(100 * arm.weight / total)} %"

    def arm_of(self, account_id: int) -> Arm:
        """By lot, and for good: of the customer and the step alone. Other weights move as few as need be."""
        if self.winner is not None:
            return next(arm for arm in self.arms if arm.name == self.winner)
        drawn = lot(account_id, self.id) * sum(arm.weight for arm in self.arms)
        for arm in self.arms:
            if drawn < arm.weight:
                return arm
            drawn -= arm.weight
        return next(arm for arm in reversed(self.arms) if arm.weight)


def lot(account_id: int, step_id: str) -> float:
    """From 0 up to, and never, 1."""
    drawn = hashlib.sha256(f"split:{step_id}:{account_id}".encode()).digest()[:6]
    return int.from_bytes(drawn) / (1 << 48)


def split(step: SplitStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    fixed = {"fixed": True} if step.winner is not None else {}
    for enrollment in enrollments:
        arm = step.arm_of(enrollment.account_id)
        outcome = f"Took the way “{arm.name}”, which has won" if fixed else f"Took the way “{arm.name}”, by lot"
        batch.ran(enrollment, step, outcome, arm=arm.name, **fixed)
        take(arm.steps, step, enrollment, batch)


def _line(step: SplitStep) -> Line:
    if step.winner is not None:
        return Line("shuffle", f"All go the way “{step.winner}”", "It has won.")
    names = [arm.name for arm in step.arms]
    return Line("shuffle", f"Try {', '.join(names[:-1])} and {names[-1]}", "Each customer goes one way, by lot.")


step_kinds.register(
    "split",
    StepKind(
        SplitStep, split, _line, "Try two ways", "A part of the customers goes each way, to see which works best.",
        "shuffle", "Decide", 20,
    ),
)  # fmt: skip
