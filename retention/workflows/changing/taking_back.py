"""What history asks of workflows when an act of theirs is undone."""

from __future__ import annotations

from crm.history.undoing import irrevocable, undoers
from retention.workflows.changing import moving, persons, stopping


def register_undoers() -> None:
    undoers.register("workflow.moved", moving.undo)
    undoers.register(stopping.KIND, stopping.undone)
    for kind in (persons.HELD, persons.RELEASED, persons.SKIPPED_STEP, persons.LEFT):
        undoers.register(kind, persons.undone)
    irrevocable.register("workflow.resumed", "What has gone on since cannot be called back. Pause it again instead.")
    irrevocable.register("workflow.enabled", "Switch it off instead: everybody under way leaves it.")
    irrevocable.register("workflow.paused", "Let the workflow go on instead: then you choose what becomes of the rest.")
