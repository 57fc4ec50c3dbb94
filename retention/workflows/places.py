"""Where in a definition something is wrong, as people find it in the file."""

from __future__ import annotations

import re


def place(location: tuple[str | int, ...]) -> str:
    """steps[2].body rather than ('steps', 2, 'body')."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text or "definition"


_NTH = re.compile(r"\b(\w+)\[(\d+)\]\.?")


def counted(text: str) -> str:
    """What is said of places, as people count: “step 3, body” rather than “steps[2].body”."""
    return _NTH.sub(_nth, text).replace(", :", ":")


def _nth(found: re.Match[str]) -> str:
    what = "step" if found[1] == "steps" else f"“{found[1]}”, step"
    return f"{what} {int(found[2]) + 1}, "
