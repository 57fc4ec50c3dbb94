"""A short word at the foot of the page about what has just been done, with a way back where there is one."""

from django.contrib import messages
from django.http import HttpRequest


def toast(
    request: HttpRequest, text: str, *, undo: str = "", again: bool = False, level: int = messages.SUCCESS
) -> None:
    """Shown on the next page. `undo` is an address of ours that takes the deed back when posted to; `again` if the deed
    was itself an undo, so that its way back is to do the thing again."""
    messages.add_message(request, level, text, extra_tags=f"undo:{undo}{' again' if again else ''}" if undo else "")
