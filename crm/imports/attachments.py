"""Rows that leave as a file."""

from collections.abc import Iterator
from datetime import datetime

from django.http import StreamingHttpResponse

from crm.web import clock


def attached(lines: Iterator[str], name: str, now: datetime) -> StreamingHttpResponse:
    """A CSV file of this name and day, which nobody on the way keeps."""
    file = f"{name}-{clock.today(now)}.csv"
    return StreamingHttpResponse(
        lines, content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"', "Cache-Control": "no-store"},
    )  # fmt: skip
