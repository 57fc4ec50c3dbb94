"""What taking a stage or a pipeline out of use would do, before anybody does it: counted, not shown deal by deal, since
whoever shapes pipelines need not see every customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum

from crm.pipelines import values
from crm.pipelines.models import Deal, Outcome, Stage


@dataclass(frozen=True)
class Effect:
    """What archiving would do."""

    moves: int  # open deals, which need another stage
    value: Decimal  # of these, in the reporting currency
    stays: int  # won and lost ones, which keep their stage


@dataclass(frozen=True)
class Target:
    """A stage where the deals could go, and how many of them lack something that it requires."""

    stage: Stage
    lacking: int
    fields: Sequence[str]  # what it requires, in words


def of_stage(stage_id: int) -> Effect:
    return _effect(Q(stage=stage_id))


def of_pipeline(pipeline_id: int) -> Effect:
    return _effect(Q(pipeline=pipeline_id))


def _effect(which: Q) -> Effect:
    is_open = Q(outcome=Outcome.OPEN)
    found = Deal.objects.filter(which).aggregate(
        moves=Count("pk", filter=is_open), value=Sum("value", filter=is_open), stays=Count("pk", filter=~is_open)
    )
    return Effect(found["moves"], found["value"] or Decimal(0), found["stays"])


def from_stage(stage: Stage) -> list[Target]:
    """Where its open deals could go: the other open stages of its pipeline."""
    others = Stage.objects.in_use().filter(pipeline=stage.pipeline_id).exclude(pk=stage.pk)
    return _targets(Q(stage=stage), list(others.filter(outcome=Outcome.OPEN).select_related("pipeline")))


def from_pipeline(pipeline_id: int) -> list[Target]:
    """The open stages of all other pipelines."""
    others = Stage.objects.in_use().filter(outcome=Outcome.OPEN, pipeline__archived_at=None)
    rows = others.exclude(pipeline=pipeline_id).select_related("pipeline")
    return _targets(Q(pipeline=pipeline_id), list(rows.order_by("pipeline__order", "pipeline__name", "order", "pk")))


def _targets(which: Q, stages: Sequence[Stage]) -> list[Target]:
    """One statement, whatever the number of stages."""
    asking = {f"stage_{stage.pk}": values.lacks(stage.required) for stage in stages if stage.required}
    counts = {name: Count("pk", filter=lacks) for name, lacks in asking.items()}
    found = Deal.objects.filter(which, outcome=Outcome.OPEN).aggregate(**counts) if counts else {}
    return [Target(one, found.get(f"stage_{one.pk}", 0), values.labels(one.required)) for one in stages]
