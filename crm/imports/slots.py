"""What imports give to others: their work, how they undo, a line of the settings, and the export of a list's rows."""

from __future__ import annotations

from crm import slots
from crm.history.undoing import undoers
from crm.imports.actions import running, undoing

slots.work.register("imports", slots.Work(run=running.run, next_due=lambda now: None, order=2))
undoers.register(undoing.LOADED, undoing.when_history_undoes)
slots.settings_pages.register(
    "imports",
    slots.SettingsPage(
        "Imports", "What came in by file, and its undo", "file-input", "imports:list", "Record", 60,
        frozenset({"admin", "manager"}),
    ),
)  # fmt: skip

# Found or told by machines, or put away by somebody for a day: no reason to keep what an import had made.
for table in ("crm.AccountPair", "crm.ContactPair", "crm.Notification", "crm.PutAway"):
    slots.undone_along.register(table, table)
