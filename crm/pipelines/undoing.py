"""What the undo of acts on deals and pipelines takes back beyond columns, and what it locks first."""

from __future__ import annotations

from crm.history.models import Act
from crm.history.undoing import forelocks, undoers
from crm.pipelines.actions import (
    archiving,
    linking,
    locking,
    losing,
    moving,
    opening,
    plans,
    shaping,
    taking_back,
    winning,
)


def _stages(done: Act) -> None:
    locking.stages_of_act(done.pk)


def register_undoers() -> None:
    for kind, verb in {
        moving.MOVED: taking_back.take_back, losing.LOST: taking_back.take_back, "bulk.stage": taking_back.take_back,
        archiving.STAGE_ARCHIVED: taking_back.take_back, archiving.PIPELINE_ARCHIVED: taking_back.take_back,
        winning.WON: taking_back.unwin, moving.REOPENED: taking_back.close_again, opening.OPENED: opening.unopen,
    }.items():  # fmt: skip
        undoers.register(kind, verb)
        forelocks.register(kind, _stages)
    for kind in (shaping.STAGE_CHANGED, f"redo.{shaping.STAGE_CHANGED}"):
        undoers.register(kind, shaping.stage_went_back)
    forelocks.register(shaping.STAGE_CHANGED, shaping.lock_changed)
    undoers.register(linking.LINKED, linking.unlink)
    undoers.register(f"redo.{linking.LINKED}", linking.link_again)
    undoers.register("pipeline.added", archiving.unadd_pipeline)
    undoers.register("stage.added", archiving.unadd_stage)
    undoers.register(plans.BEGUN, plans.unbegin)
