"""Files that people put here, handed out again."""

from __future__ import annotations

from typing import Any

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404


def to_keep(row: Any) -> FileResponse:
    """The bytes of a row with `name`, `content_type` and `stored_as`, as something to keep and never as a page: what
    came from outside must not run here. The caller has asked who may see it."""
    try:
        content = default_storage.open(row.stored_as)
    except FileNotFoundError:
        raise Http404(f"What {row.name} held is missing on this server. Restore the files from a backup.") from None
    answer = FileResponse(content, as_attachment=True, filename=row.name, content_type=row.content_type)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
