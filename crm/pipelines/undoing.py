"""What the undo of acts on deals and pipelines takes back beyond columns, and what it locks first."""

from __future__ import annotations

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

#: By the kind of an act: its undo and its redo.
_MOVES = {
    moving.MOVED: (taking_back.take_back, taking_back.move_again),
    "bulk.stage": (taking_back.take_back, taking_back.move_again),
    losing.LOST: (taking_back.take_back, taking_back.move_again),
    winning.WON: (taking_back.unwin, taking_back.win_again),
    moving.REOPENED: (taking_back.close_again, taking_back.reopen_again),
    archiving.STAGE_ARCHIVED: (taking_back.take_back, archiving.archive_again),
    archiving.PIPELINE_ARCHIVED: (taking_back.take_back, archiving.archive_again),
    "stage.restored": (archiving.unrestore, archiving.stays),
    "pipeline.restored": (archiving.unrestore, archiving.stays),
    "stage.added": (archiving.unadd_stage, archiving.stays),
    "pipeline.added": (archiving.unadd_pipeline, archiving.stays),
}


def register_undoers() -> None:
    for kind, (undo, redo) in _MOVES.items():
        undoers.register(kind, undo)
        undoers.register(f"redo.{kind}", redo)
        forelocks.register(kind, locking.stages_of_act)
    for kind in (shaping.STAGE_CHANGED, f"redo.{shaping.STAGE_CHANGED}"):
        undoers.register(kind, shaping.stage_went_back)
    forelocks.register(shaping.STAGE_CHANGED, shaping.lock_changed)
    undoers.register(linking.LINKED, linking.unlink)
    undoers.register(f"redo.{linking.LINKED}", linking.link_again)
    undoers.register(opening.OPENED, opening.unopen)
    undoers.register(plans.BEGUN, plans.unbegin)
