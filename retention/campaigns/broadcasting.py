"""The one step of a campaign: a mail as any other, spread over hours if asked, and past caps in a crisis alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field

from retention.workflows.batch import Batch
from retention.workflows.kinds import StepKind, step_kinds
from retention.workflows.models import Enrollment
from retention.workflows.steps.messages import MessageStep, message
from retention.workflows.steps.splitting import lot
from retention.workflows.wording import Line, in_words


class BroadcastStep(MessageStep):
    """Write to everybody of a campaign."""

    do: Literal["broadcast"]  # type: ignore[assignment]
    category: Literal["service", "marketing", "transactional"] = "marketing"  # type: ignore[assignment]
    over_hours: int = Field(0, ge=0, le=72, title="Spread over so many hours")


def broadcast(step: BroadcastStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    """Each at their own moment of the stretch, always the same one, whoever else is in the batch."""
    for enrollment in enrollments:
        drawn = lot(enrollment.contact_id or enrollment.account_id, f"spread:{step.id}")
        enrollment.due_at += timedelta(hours=step.over_hours) * drawn
    message(step, enrollments, batch)


def _line(step: BroadcastStep) -> Line:
    spread = f" Spread over {step.over_hours} hours." if step.over_hours else ""
    what: dict[str, Any] = {"transactional": "In a crisis: past caps and quiet hours."}
    said = what.get(step.category, f"A {step.category} mail.")
    return Line("megaphone", f"Send “{in_words(step.subject)}”", f"{said}{spread}")


step_kinds.register(
    "broadcast",
    StepKind(
        BroadcastStep,
        broadcast,
        _line,
        "Send a campaign",
        "Made on the page of campaigns.",
        "megaphone",
        "",
        999,
        room="campaigns",
    ),
)
