"""What touches give to others: how the undo of a note works."""

from crm.history.undoing import undoers
from crm.touches import actions

undoers.register("note.deleted", actions.put_note_back)
undoers.register("note.edited", actions.take_edit_back)
