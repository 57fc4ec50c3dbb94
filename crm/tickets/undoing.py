"""What the undo of acts on tickets takes back beyond columns."""

from __future__ import annotations

from crm.history.undoing import undoers
from crm.tickets import macros
from crm.tickets.actions import blocking, merging, requesting, splitting


def register_undoers() -> None:
    undoers.register(merging.KIND, merging.part)
    undoers.register(splitting.KIND, splitting.join)
    undoers.register(blocking.KIND, blocking.is_none)
    undoers.register(requesting.KIND, requesting.unchoose)
    undoers.register(macros.REMOVED, macros.put_back)
