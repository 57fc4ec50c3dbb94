"""Where in a definition something is wrong, as people find it in the file."""

from __future__ import annotations


def place(location: tuple[str | int, ...]) -> str:
    """steps[2].body rather than ('steps', 2, 'body')."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text or "definition"
