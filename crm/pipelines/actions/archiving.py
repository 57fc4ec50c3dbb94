"""Taking a stage or a pipeline out of use: where its deals go, what that changes, and bringing it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import batched
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet, Sum

from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import Kept, Undone
from crm.pipelines.actions import locking, placing
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.actions.telling import fact
from crm.pipelines.models import Deal, DealSpell, Outcome, Pipeline, Stage
from crm.team.models import User
from crm.timeline.actions import record

STAGE_ARCHIVED, PIPELINE_ARCHIVED = "stage.archived", "pipeline.archived"
#: Deals told of in one statement.
BATCH = 1000


@dataclass(frozen=True)
class Effect:
    """What archiving would do, of deals that whoever shapes need not see one by one."""

    moves: int  # open deals, which need another stage
    value: Decimal  # of these, in the reporting currency
    stays: int  # won and lost ones, which keep their stage


def effect_of_stage(stage_id: int) -> Effect:
    return _effect(Q(stage=stage_id))


def effect_of_pipeline(pipeline_id: int) -> Effect:
    return _effect(Q(pipeline=pipeline_id))


def _effect(which: Q) -> Effect:
    is_open = Q(outcome=Outcome.OPEN)
    found = Deal.objects.filter(which).aggregate(
        moves=Count("pk", filter=is_open), value=Sum("value", filter=is_open), stays=Count("pk", filter=~is_open)
    )
    return Effect(found["moves"], found["value"] or Decimal(0), found["stays"])


@transaction.atomic
def archive_stage(stage_id: int, move_to: int | None, by: User, now: datetime) -> Act:
    """Its deals go to the open stage `move_to`, in their order, on top. Workflows are told nothing of it.

    Raises DealError for a stage that wins or loses, for the last open one, and without `move_to` if it has deals.
    """
    locking.pipeline(_in_use(Stage.objects.select_related("pipeline").filter(pk=stage_id).first()).pipeline_id)
    rows = locking.stages([pk for pk in (stage_id, move_to) if pk])
    row = _in_use(rows.get(stage_id))
    if row.outcome != Outcome.OPEN:
        raise DealError(f"{row.pipeline} needs a stage that wins and one that loses. Rename it instead.")
    others = row.pipeline.stages.in_use().filter(outcome=Outcome.OPEN).exclude(pk=row.pk)
    if not others.exists():
        raise DealError(f"{row} is the last open stage of {row.pipeline}. Archive the pipeline instead.")
    with act(STAGE_ARCHIVED, f"archived the stage {row} of {row.pipeline}", by, now) as deed:
        _clear(Q(stage=row), rows.get(move_to or 0), [row.pk], f"{row} was archived", by, now)
        row.archived_at = now
        row.save(update_fields=["archived_at"])
        deed.detail.setdefault("stage", row.pk)
    return deed


@transaction.atomic
def archive_pipeline(pipeline_id: int, move_to: int | None, by: User, now: datetime) -> Act:
    """Its open deals go to the open stage `move_to` of another pipeline; those that are closed stay as they are.

    Raises DealError without `move_to` if it has open deals.
    """
    row = locking.pipeline(pipeline_id)
    theirs = row.stages.values_list("pk", flat=True)
    rows = locking.stages([*theirs, *([move_to] if move_to else [])])
    with act(PIPELINE_ARCHIVED, f"archived the pipeline {row}", by, now) as deed:
        shut = [pk for pk, stage in rows.items() if stage.pipeline_id == row.pk]
        _clear(Q(pipeline=row), rows.get(move_to or 0), shut, f"{row} was archived", by, now)
        row.archived_at = now
        row.save(update_fields=["archived_at"])
        deed.detail.setdefault("pipeline", row.pk)
    return deed


def bring_stage_back(stage_id: int, by: User, now: datetime) -> Act:
    """Without its deals, which are where they went. Raises DealError if its name is taken meanwhile."""
    return _bring_back(Stage, stage_id, "stage", by, now)


def bring_pipeline_back(pipeline_id: int, by: User, now: datetime) -> Act:
    """Without its open deals. Raises DealError if its name is taken meanwhile."""
    return _bring_back(Pipeline, pipeline_id, "pipeline", by, now)


def _bring_back(model: type[Stage] | type[Pipeline], pk: int, what: str, by: User, now: datetime) -> Act:
    row = model._default_manager.filter(pk=pk).exclude(archived_at=None).first()
    if row is None:
        raise DealError(f"This {what} is in use, or there is none.")
    try:
        with act(f"{what}.restored", f"brought the {what} {row} back", by, now) as deed:
            row.archived_at = None
            row.save(update_fields=["archived_at"])
            return deed
    except IntegrityError:
        raise DealError(f"Another {what} is called {row} by now. Rename that one first.") from None


def _in_use(row: Stage | None) -> Stage:
    if row is None or row.archived_at or row.pipeline.archived_at:
        raise DealError("This stage is not in use any more.")
    return row


def _clear(which: Q, to: Stage | None, shut: Sequence[int], because: str, by: User, now: datetime) -> None:
    """Open deals go elsewhere, to a stage that the caller has locked as well; `shut` are those that are archived."""
    ids = locking.deals(which & Q(outcome=Outcome.OPEN))
    if not ids:
        return
    if to is None:
        raise DealError(f"{len(ids)} open deals need another stage. Choose where they go.")
    if _in_use(to).outcome != Outcome.OPEN or to.pk in shut:
        raise DealError(f"Deals cannot go to {to}: choose an open stage that stays in use.")
    in_order = Deal.objects.filter(pk__in=ids).order_by("stage__order", "stage", "rank").values_list("pk", flat=True)
    placing.place(placing.tops(to, list(in_order)), to, by, now, because)
    rows = Deal.objects.select_related("stage__pipeline").filter(pk__in=ids).order_by("pk")
    for batch in batched(rows.iterator(chunk_size=BATCH), BATCH, strict=False):
        facts = [fact(row, "deal.stage", f"Deal moved to {to}, since {because}", now, by) for row in batch]
        record(facts, react=False, now=now)


# Undoing what was added ----------------------------------------------------------------------------------------------


def unadd_stage(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo of adding one: it goes, unless deals have been in it."""
    return _unadd(Stage.objects.filter(pk=done.detail["stage"]), DealSpell.objects.filter(stage=done.detail["stage"]))


def unadd_pipeline(done: Act, by: User | None, now: datetime) -> Undone:
    """The same of a pipeline, with its stages."""
    locking.stages(Stage.objects.filter(pipeline=done.detail["pipeline"]).values_list("pk", flat=True))
    spells = DealSpell.objects.filter(stage__pipeline=done.detail["pipeline"])
    return _unadd(Pipeline.objects.filter(pk=done.detail["pipeline"]), spells)


def _unadd(added: QuerySet[Any], spells: QuerySet[DealSpell]) -> Undone:
    row = added.select_for_update().first()  # whoever puts a deal there waits, and finds it gone
    if row is None:
        return Undone(0)
    if spells.exists():
        return Undone(0, [Kept(str(row), "", None, "", None, "deals have been in it; archive it instead")])
    row.delete()
    return Undone(1)
