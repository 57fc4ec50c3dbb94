"""Opening a deal, or moving the customer's open one, by the pipelines' own rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from django.conf import settings
from django.db import transaction
from pydantic import Field, model_validator

from crm.outbox import rendering
from crm.pipelines.actions.moving import move
from crm.pipelines.actions.opening import NewDeal, open_deal
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.models import Deal, Outcome, Stage
from crm.web import clock
from retention.workflows.asking import Asks
from retention.workflows.batch import Batch
from retention.workflows.definition import Step
from retention.workflows.kinds import StepKind, step_kinds
from retention.workflows.models import Enrollment
from retention.workflows.steps.going import go_on
from retention.workflows.wording import Line, in_words


class DealStep(Step):
    """Open a deal in a stage, or move the customer's latest open deal of that pipeline there."""

    do: Literal["deal"]
    way: Literal["open", "move"] = Field(
        "open", title="What to do", json_schema_extra={"labels": {"open": "Open a deal", "move": "Move the open one"}}
    )
    stage: Annotated[int, Asks("pipeline_stage")] = Field(title="Stage", ge=1)
    title: Annotated[str, Asks("subject")] = Field(
        "", title="Name of the deal", description="Of one that is opened.", max_length=200
    )
    amount: Decimal | None = Field(
        None, title="Amount", description=f"In {settings.CURRENCY}.", ge=0, max_digits=12, decimal_places=2
    )
    close_in_days: int | None = Field(None, title="Expected to close in", description="Days.", ge=0, le=730)
    if_open: Literal["skip", "open"] = Field(
        "skip",
        title="If one is open already",
        json_schema_extra={"labels": {"skip": "Leave it at that", "open": "Open another one"}},
    )

    @model_validator(mode="after")
    def _is_named(self) -> DealStep:
        if self.way == "open" and not self.title.strip():
            raise ValueError("say what the deal is called")
        rendering.check(self.title, "")
        return self

    @property
    def words(self) -> Mapping[str, str]:
        return {"title": self.title}

    def faults(self) -> Iterator[tuple[str, str]]:
        yield from super().faults()
        stage = _stage(self.stage)
        if stage is None:
            yield "stage", "this stage is not in use"
        elif self.way == "open" and stage.outcome != Outcome.OPEN:
            yield "stage", f"a deal begins in an open stage, and {stage} is none"
        elif stage.outcome == Outcome.LOST or (stage.outcome == Outcome.WON and stage.pipeline.books):
            yield "stage", f"a person says what became of a deal before it goes to {stage}"


def _stage(pk: int) -> Stage | None:
    rows = Stage.objects.in_use().filter(pk=pk, pipeline__archived_at=None)
    return rows.select_related("pipeline").first()


def deal(step: DealStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    """One by one, as a person would, and each by its own rules: what these refuse is noted, and all go on."""
    stage = _stage(step.stage)
    open_ones = _open_ones(stage, enrollments) if stage else {}
    for enrollment in sorted(enrollments, key=lambda row: row.account_id):
        if stage is None:
            batch.ran(enrollment, step, "No deal: the stage is not in use any more")
        else:
            there = open_ones.get(enrollment.account_id)
            do = _move if step.way == "move" else _open
            batch.ran(enrollment, step, do(step, stage, there, enrollment, batch))
        go_on(step, enrollment, batch)


def _open_ones(stage: Stage, enrollments: Sequence[Enrollment]) -> dict[int, Deal]:
    """By account, the latest open deal in the stage's pipeline."""
    rows = Deal.objects.filter(
        account__in=[e.account_id for e in enrollments], pipeline=stage.pipeline_id, outcome=Outcome.OPEN
    )
    return {row.account_id: row for row in rows.order_by("created_at", "pk")}


def _open(step: DealStep, stage: Stage, there: Deal | None, enrollment: Enrollment, batch: Batch) -> str:
    if there and step.if_open == "skip":
        return f"No deal opened: “{there}” is open in {stage.pipeline}"
    title, _ = rendering.render(step.title, "", batch.facts(enrollment))
    if batch.rehearses:
        return f"Opened the deal “{title}” in {stage}"
    today = clock.today(batch.now)
    new = NewDeal(
        enrollment.account_id, stage.pipeline_id, title[:200] or str(stage.pipeline), stage.pk, amount=step.amount,
        expected_on=None if step.close_in_days is None else today + timedelta(days=step.close_in_days),
        key=f"workflow:{enrollment.pk}:{step.id}:{enrollment.visit}",
    )  # fmt: skip
    try:
        with batch.causing(enrollment), transaction.atomic():
            return f"Opened the deal “{open_deal(new, None, batch.now)}” in {stage}"
    except DealError as error:
        return f"No deal opened: {error}"


def _move(step: DealStep, stage: Stage, there: Deal | None, enrollment: Enrollment, batch: Batch) -> str:
    if there is None:
        return f"No deal moved: none is open in {stage.pipeline}"
    if there.stage_id == stage.pk:
        return f"The deal “{there}” was in {stage} already"
    if batch.rehearses:
        return f"Moved the deal “{there}” to {stage}"
    because = f"by the workflow {batch.definition.name}"
    try:
        with batch.causing(enrollment), transaction.atomic():
            move(there.pk, stage.pk, None, None, batch.now, seen_stage=there.stage_id, because=because)
    except DealError as error:
        return f"No deal moved: {error}"
    return f"Moved the deal “{there}” to {stage}"


def _line(step: DealStep) -> Line:
    stage = _stage(step.stage)
    where = f"{stage.pipeline}, stage {stage}" if stage else "a stage that is gone"
    if step.way == "move":
        return Line("handshake", f"Move the open deal to {where}", "Only if the stage asks for nothing first.")
    return Line("handshake", f"Open a deal “{in_words(step.title)}”", f"In {where}.")


step_kinds.register(
    "deal",
    StepKind(
        DealStep, deal, _line, "Open or move a deal", "In one of your pipelines.", "handshake", "Do", 30, acts=True
    ),
)
