"""Writing: to the customer, and to the customer's owner."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from crm.outbox import actions as outbox
from crm.outbox import rendering
from retention.workflows.asking import Asks
from retention.workflows.batch import Batch
from retention.workflows.definition import Step
from retention.workflows.kinds import StepKind, step_kinds
from retention.workflows.models import Enrollment
from retention.workflows.steps.going import go_on
from retention.workflows.wording import Line, days, in_words


class Mail(Step):
    """Liquid source of a mail; see crm/outbox for what it may name."""

    subject: Annotated[str, Asks("subject")] = Field(title="Subject", min_length=1, max_length=300)
    body: Annotated[str, Asks("words")] = Field(title="Text", min_length=1, max_length=20_000)
    late_after_days: int = Field(
        3, title="Too late after", description="Days after which it is not sent any more.", ge=0, le=90
    )

    @model_validator(mode="after")
    def _liquid_parses(self) -> Mail:
        rendering.check(self.subject, self.body)
        return self

    @property
    def words(self) -> Sequence[str]:
        return (self.subject, self.body)


class MessageStep(Mail):
    """Write to the customer."""

    do: Literal["message"]
    category: Literal["service", "marketing"] = Field(
        "service",
        title="Kind of mail",
        description="Marketing goes only to those who said yes to it; both obey caps and quiet hours.",
    )


class NotifyStep(Mail):
    """Write to the customer's owner."""

    do: Literal["notify"]


def message(step: MessageStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    template_id = outbox.template(step.subject, step.body)
    for enrollment in enrollments:
        reader = batch.reader(enrollment)
        whom = reader.name if reader else "nobody: no e-mail known"
        run = batch.ran(enrollment, step, f"Planned a mail to {whom}", planned=True)
        batch.send(
            run, category=step.category, template_id=template_id, account_id=enrollment.account_id,
            contact_id=reader.pk if reader else None, facts=batch.facts(enrollment), **_when(step, enrollment),
        )  # fmt: skip
        go_on(step, enrollment, batch)


def notify(step: NotifyStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    template_id = outbox.template(step.subject, step.body)
    for enrollment in enrollments:
        owner = batch.accounts[enrollment.account_id].owner
        if owner is None:
            batch.ran(enrollment, step, "Nobody owns this customer, so there was nobody to tell")
        else:
            run = batch.ran(enrollment, step, f"Planned a mail to {owner.name}", planned=True)
            batch.send(
                run, category="transactional", template_id=template_id, account_id=enrollment.account_id,
                user_id=owner.pk, facts=batch.facts(enrollment), **_when(step, enrollment),
            )  # fmt: skip
        go_on(step, enrollment, batch)


def _when(step: Mail, enrollment: Enrollment) -> dict[str, Any]:
    """Meant for when the step was due, not for when a late worker came by: lateness counts from there."""
    return {"due_at": enrollment.due_at, "expires_at": enrollment.due_at + timedelta(days=step.late_after_days)}


def _message_line(step: MessageStep) -> Line:
    late = f"Not sent when more than {days(step.late_after_days)} late."
    return Line("mail", f"Send “{in_words(step.subject)}”", f"A {step.category} mail to the customer. {late}")


def _notify_line(step: NotifyStep) -> Line:
    return Line("bell", f"Tell the owner: “{in_words(step.subject)}”", "A mail to the account manager.")


step_kinds.register(
    "message",
    StepKind(
        MessageStep, message, _message_line, "Send a mail",
        "To the customer, within caps, quiet hours and what they agreed to.", "mail", "Write", 10,
    ),
)  # fmt: skip
step_kinds.register(
    "notify",
    StepKind(
        NotifyStep, notify, _notify_line, "Tell a colleague", "A mail to whoever looks after the customer.", "bell",
        "Write", 20, acts=True,
    ),
)  # fmt: skip
