"""The pages of imports: the wizard, what came of it, its history; and exports."""

from crm.imports.views.exports import export, export_timeline
from crm.imports.views.results import detail, kept, loading, rejects, removal, rows, undo
from crm.imports.views.wizard import history, mapping, upload

__all__ = [
    "detail", "export", "export_timeline", "history", "kept", "loading", "mapping", "rejects", "removal", "rows",
    "undo", "upload",
]  # fmt: skip
