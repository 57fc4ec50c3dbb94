"""What the page of a pipeline's shape reads, and what a new pipeline may begin with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Count, Prefetch, Sum

from crm.fields.asking import PREFIX
from crm.pipelines import values
from crm.pipelines.models import Deal, LossReason, Outcome, Pipeline, Stage
from crm.pipelines.rules.names import free
from crm.pipelines.templates import PLAIN, TEMPLATES, StageDraft
from crm.slots import SegmentUse
from crm.web.addresses import address


@dataclass(frozen=True)
class Line:
    """A stage with what it asks, and the open deals in it."""

    stage: Stage
    asks: Sequence[str]  # the fields that it requires, in words
    deals: int
    worth: Decimal  # in the reporting currency


@dataclass(frozen=True)
class Shape:
    """All stages of a pipeline: the open ones from left to right, those that end it, and those out of use."""

    running: Sequence[Line]
    ends: Sequence[Line]
    archived: Sequence[Stage]
    deals: int


def of(pipeline: Pipeline) -> Shape:
    """Two statements: deals that are closed are not counted, since there may be any number."""
    stages = list(pipeline.stages.all())
    rows = Deal.objects.filter(pipeline=pipeline, outcome=Outcome.OPEN).order_by().values_list("stage")
    figures = {pk: (many, worth) for pk, many, worth in rows.annotate(many=Count("*"), worth=Sum("value"))}
    lines = [
        Line(one, values.labels(one.required), *figures.get(one.pk, (0, Decimal(0))))
        for one in stages if one.archived_at is None
    ]  # fmt: skip
    return Shape(
        [line for line in lines if line.stage.outcome == Outcome.OPEN],
        [line for line in lines if line.stage.outcome != Outcome.OPEN],
        [one for one in stages if one.archived_at],
        sum(line.deals for line in lines),
    )


def reasons() -> tuple[list[LossReason], list[LossReason]]:
    """Why deals are lost, of all pipelines: those in use, and those of the archive."""
    rows = list(LossReason.objects.all())
    return [row for row in rows if row.archived_at is None], [row for row in rows if row.archived_at]


def using(subject: str, key: str) -> list[SegmentUse]:
    """Stages that require a field of one's own, for whoever archives it."""
    if subject != values.SUBJECT:
        return []
    rows = Stage.objects.in_use().filter(required__contains=[f"{PREFIX}{key}"], pipeline__archived_at=None)
    return [
        SegmentUse("stage", f"{one} of {one.pipeline}", address("pipelines:shape", one.pipeline_id))
        for one in rows.select_related("pipeline").order_by("pipeline__order", "order", "pk")
    ]


# What a new one begins with -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Origin:
    """A card to choose from. `name` stands in addresses: a template's, a pipeline's number, or “empty”."""

    name: str
    label: str
    about: str
    stages: Sequence[Stage] | Sequence[StageDraft]
    initial: dict[str, Any]


EMPTY = Origin(
    "empty", "Empty", "Two open stages, won and lost: you name the rest.", PLAIN, {"purpose": "other", "books": True}
)


def templates() -> list[Origin]:
    return [
        Origin(name, of.label, of.about, of.stages, {"name": of.label, "purpose": of.purpose, "books": of.books})
        for name, of in TEMPLATES.items()
    ]  # fmt: skip


def copies() -> list[Origin]:
    """Of those in use."""
    stages = Prefetch("stages", Stage.objects.in_use())
    return [_copy(row, row.stages.all()) for row in Pipeline.objects.in_use().prefetch_related(stages)]


def _copy(row: Pipeline, stages: Iterable[Stage]) -> Origin:
    drawn = list(stages)
    initial = {"name": row.name, "purpose": row.purpose, "books": row.books}
    return Origin(str(row.pk), row.name, f"Its {len(drawn)} stages with what they ask, without deals.", drawn, initial)


def origin(name: str) -> Origin | None:
    """The card of this name; the name that it proposes is free."""
    found = next((one for one in (EMPTY, *templates(), *copies()) if one.name == name), None)
    if found is None or "name" not in found.initial:
        return found
    used = Pipeline.objects.in_use().values_list("name", flat=True)
    return replace(found, initial=found.initial | {"name": free(found.initial["name"], used)})
