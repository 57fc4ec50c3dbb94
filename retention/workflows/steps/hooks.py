"""Calling a webhook: signed, tried again, and guarded as all webhooks are; the delivery is written with the step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from crm.outbox import rendering
from crm.webhooks.enqueueing import enqueue_each
from crm.webhooks.models import WebhookEndpoint
from retention.workflows.asking import Asks
from retention.workflows.batch import Batch
from retention.workflows.definition import Step
from retention.workflows.kinds import StepKind, step_kinds
from retention.workflows.models import Enrollment
from retention.workflows.steps.going import go_on
from retention.workflows.wording import Line

#: The `type` of the body.
KIND = "workflow.step"


class WebhookStep(Step):
    """Tell another program, through one of the webhooks that are set up."""

    do: Literal["webhook"]
    endpoint: Annotated[int, Asks("webhook")] = Field(
        title="Webhook", description="An admin sets them up in the settings.", ge=1
    )
    note: Annotated[str, Asks("words")] = Field(
        "", title="Words", description="Sent along, with the customer and the workflow.", max_length=2000
    )

    @model_validator(mode="after")
    def _liquid_parses(self) -> WebhookStep:
        rendering.check("", self.note)
        return self

    @property
    def words(self) -> Mapping[str, str]:
        return {"note": self.note}

    def faults(self) -> Iterator[tuple[str, str]]:
        yield from super().faults()
        if not WebhookEndpoint.objects.there().filter(pk=self.endpoint).exists():
            yield "endpoint", "there is no such webhook"


def webhook(step: WebhookStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    endpoint = WebhookEndpoint.objects.there().filter(pk=step.endpoint).first()
    planned = []
    for enrollment in enrollments:
        if endpoint is None:
            batch.ran(enrollment, step, "Nobody told: the webhook is gone")
        else:
            run = batch.ran(enrollment, step, f"Told {endpoint}")
            planned.append((run.key, _data(step, enrollment, batch)))
        go_on(step, enrollment, batch)
    if endpoint:
        enqueue_each(endpoint, planned, KIND, batch.now)


def _data(step: WebhookStep, enrollment: Enrollment, batch: Batch) -> Mapping[str, Any]:
    account, reader = batch.accounts[enrollment.account_id], batch.reader(enrollment)
    return {
        "workflow": {"slug": batch.slug, "name": batch.definition.name},
        "step": step.id,
        "enrollment": enrollment.pk,
        "account": {"id": account.id, "name": account.name},
        "contact": {"id": reader.pk, "name": reader.name, "email": reader.email} if reader else None,
        "note": rendering.render("", step.note, batch.facts(enrollment))[1].strip(),
    }


def _line(step: WebhookStep) -> Line:
    endpoint = WebhookEndpoint.objects.there().filter(pk=step.endpoint).first()
    return Line(
        "webhook", f"Tell {endpoint or 'a webhook that is gone'}", "Another program hears of it within seconds."
    )


step_kinds.register(
    "webhook",
    StepKind(WebhookStep, webhook, _line, "Call a webhook", "Tell another program.", "webhook", "Do", 40, acts=True),
)
