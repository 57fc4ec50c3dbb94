"""Where in a definition something is wrong, as people find it in the file."""

from __future__ import annotations


def place(location: tuple[str | int, ...]) -> str:
    """steps[2].body rather than ('steps', 2, 'message', 'body'): pydantic also names the kind of step it chose."""
    text = ""
    for before, part in zip((None, *location), location, strict=False):
        if isinstance(part, int):
            text += f"[{part}]"
        elif not isinstance(before, int):
            text += f".{part}" if text else part
    return text or "definition"
