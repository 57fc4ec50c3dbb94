"""A task for somebody of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from crm.outbox import rendering
from crm.web import clock
from crm.web.rules import local_moment
from retention.workflows.asking import Asks
from retention.workflows.batch import Batch
from retention.workflows.kinds import StepKind, step_kinds
from retention.workflows.models import Enrollment
from retention.workflows.steps.going import go_on
from retention.workflows.steps.people import ForOne, whom, whose
from retention.workflows.wording import Line, days, in_words

#: A task is due at this hour, its owner's time.
TASK_HOUR = time(9)


class TaskStep(ForOne):
    """A task, first of all for the customer's owner; without an owner it lies in the admins' pool."""

    do: Literal["task"]
    title: Annotated[str, Asks("subject")] = Field(title="Task", min_length=1, max_length=200)
    body: Annotated[str, Asks("words")] = Field("", title="What to do", max_length=5000)
    due_in_days: int = Field(1, title="Due in", description="Days; 0 is today.", ge=0, le=365)

    @model_validator(mode="after")
    def _liquid_parses(self) -> TaskStep:
        rendering.check(self.title, self.body)
        return self

    @property
    def words(self) -> Mapping[str, str]:
        return {"title": self.title, "body": self.body}


def task(step: TaskStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    due_at: dict[ZoneInfo, datetime] = {}
    people = whose(step, enrollments, batch)
    for enrollment in enrollments:
        reader, owner = batch.reader(enrollment), people[enrollment.pk]
        title, body = rendering.render(step.title, step.body, batch.facts(enrollment))
        zone = owner.zone if owner else clock.zone()
        if zone not in due_at:
            due_at[zone] = _morning(step, zone, batch.now)
        run = batch.ran(enrollment, step, f"Task for {owner.name if owner else 'the admins'}: {title}")
        batch.ask(
            run, title=title, body=body.strip(), due_at=due_at[zone],
            account_id=enrollment.account_id, contact_id=reader.pk if reader else None,
            owner_id=owner.pk if owner else None,
        )  # fmt: skip
        go_on(step, enrollment, batch)


def _morning(step: TaskStep, zone: ZoneInfo, now: datetime) -> datetime:
    """When the owner's day begins, so many days from now; a task of today whose hour has passed is due at once."""
    day = now.astimezone(zone).date() + timedelta(days=step.due_in_days)
    return max(local_moment(day, TASK_HOUR, zone), now)


def _line(step: TaskStep) -> Line:
    when = "today" if step.due_in_days == 0 else f"in {days(step.due_in_days)}"
    instead = "Without an owner it goes to the admins." if step.to == "owner" else ""
    return Line("square-check", f"Task for {whom(step)}: “{in_words(step.title)}”", f"Due {when}. {instead}".strip())


step_kinds.register(
    "task",
    StepKind(
        TaskStep, task, _line, "Create a task", "For whoever looks after the customer, or a team in turn.",
        "square-check", "Do", 10, acts=True,
    ),
)  # fmt: skip
