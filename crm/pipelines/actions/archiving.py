"""Taking a stage or a pipeline out of use: where its deals go, what that changes, and bringing it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import Kept, Undone
from crm.pipelines.actions import locking, placing
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.actions.telling import tell_of_many
from crm.pipelines.models import Deal, DealSpell, Outcome, Pipeline, Stage
from crm.team.models import User

STAGE_ARCHIVED, PIPELINE_ARCHIVED = "stage.archived", "pipeline.archived"


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
    _not_the_last(row)
    label = f"archived the stage {row} of {row.pipeline}"
    with act(STAGE_ARCHIVED, label, by, now, {"stage": row.pk, "to": move_to}) as deed:
        moved = _clear(Q(stage=row), rows.get(move_to or 0), [row.pk], f"{row} was archived", by, now)
        _shut(row, deed, label, moved, rows.get(move_to or 0), now)
    return deed


def _not_the_last(row: Stage) -> None:
    others = row.pipeline.stages.in_use().filter(outcome=Outcome.OPEN).exclude(pk=row.pk)
    if not others.exists():
        raise DealError(f"{row} is the last open stage of {row.pipeline}. Archive the pipeline instead.")


@transaction.atomic
def archive_pipeline(pipeline_id: int, move_to: int | None, by: User, now: datetime) -> Act:
    """Its open deals go to the open stage `move_to` of another pipeline; those that are closed stay as they are.

    Raises DealError without `move_to` if it has open deals.
    """
    row = locking.pipeline(pipeline_id)
    theirs = row.stages.values_list("pk", flat=True)
    rows = locking.stages([*theirs, *([move_to] if move_to else [])])
    label = f"archived the pipeline {row}"
    with act(PIPELINE_ARCHIVED, label, by, now, {"pipeline": row.pk, "to": move_to}) as deed:
        shut = [pk for pk, stage in rows.items() if stage.pipeline_id == row.pk]
        moved = _clear(Q(pipeline=row), rows.get(move_to or 0), shut, f"{row} was archived", by, now)
        _shut(row, deed, label, moved, rows.get(move_to or 0), now)
    return deed


def _shut(row: Stage | Pipeline, deed: Act, label: str, moved: int, to: Stage | None, now: datetime) -> None:
    row.archived_at = now
    row.save(update_fields=["archived_at"])
    if moved and to and deed.label == label:
        where = f"{to} of {to.pipeline}" if isinstance(row, Pipeline) else str(to)
        deed.label = f"{label} and moved {moved:,} open deal{'' if moved == 1 else 's'} to {where}"


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
        label = f"brought the {what} {row}{f' of {row.pipeline}' if isinstance(row, Stage) else ''} back"
        with act(f"{what}.restored", label, by, now, {what: row.pk}) as deed:
            row.archived_at = None
            row.save(update_fields=["archived_at"])
            return deed
    except IntegrityError:
        raise DealError(f"Another {what} is called {row} by now. Rename that one first.") from None


def _in_use(row: Stage | None) -> Stage:
    if row is None or row.archived_at or row.pipeline.archived_at:
        raise DealError("This stage is not in use any more.")
    return row


def _clear(
    which: Q, to: Stage | None, shut: Sequence[int], because: str, by: User | None, now: datetime,
    done: Act | None = None,
) -> int:  # fmt: skip
    """Open deals go elsewhere, to a stage that the caller has locked as well; `shut` are those that are archived.

    Returns how many. `done`: the act that is done again.
    """
    ids = locking.deals(which & Q(outcome=Outcome.OPEN))
    if not ids:
        return 0
    if to is None:
        need = "1 open deal needs" if len(ids) == 1 else f"{len(ids):,} open deals need"
        raise DealError(f"{need} another stage. Choose where they go.")
    if _in_use(to).outcome != Outcome.OPEN or to.pk in shut:
        raise DealError(f"Deals cannot go to {to}: choose an open stage that stays in use.")
    here = Deal.objects.filter(which, outcome=Outcome.OPEN).order_by("stage__order", "stage", "rank")
    placing.place(placing.tops(to, list(here.values_list("pk", flat=True))), to, by, now, because, done)
    tell_of_many(ids, to, "deal.stage", f"Deal moved to {to}, since {because}", now, by)
    return len(ids)


# Undo and redo --------------------------------------------------------------------------------------------------------


def archive_again(done: Act, by: User | None, now: datetime) -> Undone:
    """For the redo of archiving, whose stages are locked: what is in it by now goes where its deals went.

    Raises DealError where it has deals and that stage is not in use any more, and for the last open stage.
    """
    rows = Stage.objects.select_related("pipeline")
    to = rows.filter(pk=done.detail.get("to") or 0).first()
    if row := rows.filter(pk=done.detail.get("stage") or 0).first():
        _not_the_last(row)
        return Undone(_clear(Q(stage=row), to, [row.pk], f"{row} was archived", by, now, done))
    if pipeline := Pipeline.objects.filter(pk=done.detail.get("pipeline") or 0).first():
        shut = list(pipeline.stages.values_list("pk", flat=True))
        return Undone(_clear(Q(pipeline=pipeline), to, shut, f"{pipeline} was archived", by, now, done))
    return Undone(0)


def unrestore(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo of bringing back: it may be archived again while no open deal is in it."""
    which = Q(stage=done.detail.get("stage")) | Q(pipeline=done.detail.get("pipeline"))
    if many := Deal.objects.filter(which, outcome=Outcome.OPEN).count():
        raise DealError(f"Open deals are in it by now: {many:,}. Archive it, and say where they go.")
    return Undone(0)


def stays(done: Act, by: User | None, now: datetime) -> Undone:
    """For redos of which history does all: what was unmade is there again, with its stages."""
    return Undone(0)


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
