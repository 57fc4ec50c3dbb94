"""Targets of service levels as people write them: “30 min”, “2 h”, “1 h 30 min”, “1:30”."""

from __future__ import annotations

import re

#: A year of business days; nobody promises more.
LONGEST = 60 * 24 * 366
_CLOCK = re.compile(r"(\d{1,4}):([0-5]\d)")
_WORDS = re.compile(r"(?:(\d{1,4})\s*h(?:ours?|rs?)?)?\s*(?:(\d{1,6})\s*m(?:in(?:utes?)?|ins?)?)?", re.I)


def read_minutes(text: str) -> int | None:
    """None for blank: no limit. Raises ValueError with a remedy."""
    plain = text.strip()
    if not plain:
        return None
    match = _CLOCK.fullmatch(plain) or _WORDS.fullmatch(plain)
    if not match:
        raise ValueError(f"“{plain}” is not understood. Write it like 30 min, 2 h or 1 h 30 min.")
    minutes = int(match[1] or 0) * 60 + int(match[2] or 0)
    if not 0 < minutes <= LONGEST:
        raise ValueError("Between a minute and a year, or blank for no limit.")
    return minutes


def ends_before_it_begins(answer: int | None, solve: int | None) -> bool:
    """Whether the limits of a priority contradict each other: nothing is solved before it is answered."""
    return bool(answer and solve and answer > solve)


def minutes_words(minutes: int | None) -> str:
    """What `read_minutes` reads."""
    if minutes is None:
        return ""
    hours, rest = divmod(minutes, 60)
    return " ".join(filter(None, (f"{hours} h" if hours else "", f"{rest} min" if rest else "")))
