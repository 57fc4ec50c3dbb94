"""What touches give to others: how the undo of a note works."""

from crm.history.undoing import undoers
from crm.slots import register_facts
from crm.touches import actions

undoers.register("note.deleted", actions.put_note_back)
undoers.register("note.edited", actions.take_edit_back)
register_facts(
    "Calls and notes",
    {
        "call.logged": "Call logged", "meeting.logged": "Meeting logged", "interview.logged": "Interview logged",
        "note.written": "Note written",
    },
    note="They want to add ten seats after the summer.",
)  # fmt: skip
