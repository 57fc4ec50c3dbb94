"""What imports give to others: their work, how they undo, a line of the settings, and the export of a list's rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crm import slots
from crm.history.undoing import undoers
from crm.imports import erasing
from crm.imports.actions import running, undoing
from crm.web.addresses import address

slots.work.register("imports", slots.Work(run=running.run, next_due=lambda now: None, order=2))
_LOAD = """
    SELECT * FROM (SELECT 'import-' || i.id AS grp, left(i.file_name, 80) AS label,
        (i.started_at IS NOT NULL OR NOT busy)::int::bigint AS due,
        (i.started_at IS NULL AND NOT busy AND i.queued_at < %s)::int::bigint AS late,
        (i.started_at IS NULL AND busy)::int::bigint AS held, 0::bigint AS parked, 0::bigint AS uncertain,
        0::bigint AS failed, CASE WHEN i.started_at IS NULL AND NOT busy THEN i.queued_at END AS oldest_due,
        CASE WHEN i.started_at IS NULL AND busy THEN 'another file is being read' ELSE '' END AS because
    FROM crm_import i, (SELECT EXISTS (
        SELECT FROM crm_import WHERE job <> '' AND started_at IS NOT NULL) AS busy) AS now
    WHERE i.job <> '' ORDER BY i.queued_at, i.id LIMIT 20) AS waiting
"""


def _load(now: datetime) -> tuple[str, Sequence[Any]]:
    return _LOAD, [now - slots.LATE]


slots.loads.register(
    "imports",
    slots.LoadSource(
        "Imports", _load, lambda group, figure: address("imports:detail", int(group.removeprefix("import-"))),
        lambda load: f"a file to import ({load.label})", order=60,
    ),
)  # fmt: skip
undoers.register(undoing.LOADED, undoing.when_history_undoes)
slots.settings_pages.register(
    "imports",
    slots.SettingsPage(
        "Imports", "What came in by file, and its undo", "file-input", "imports:list", "Record", 60,
        frozenset({"admin", "manager"}),
    ),
)  # fmt: skip

slots.traces.register("imports", erasing.forget_in_files)

# Found or told by machines, or put away by somebody for a day: no reason to keep what an import had made.
for table in ("crm.AccountPair", "crm.ContactPair", "crm.Notification", "crm.PutAway"):
    slots.undone_along.register(table, table)
