"""An answer to “Why did they (not) get it?”: parts, each of lines that hold or not, and one sentence above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was asked, what was seen, and whether it holds (None: no matter of yes or no)."""

    label: str
    value: str = ""
    holds: bool | None = None
    depth: int = 0
    url: str = ""
    more: str = ""  # a second sentence


@dataclass(slots=True)
class Part:
    """`holds`: whether it lets them get it; None where it says nothing about that. `no`: why it does not, in a
    sentence; it stands above the whole if it is the first that does not."""

    name: str
    title: str
    icon: str
    lines: Sequence[Line] = ()
    holds: bool | None = None
    no: str = ""


@dataclass(slots=True)
class Answer:
    """`gets`: they got it, or are in it, or would enter now; None: nobody can say."""

    headline: str
    gets: bool | None
    parts: list[Part] = field(default_factory=list)
    inside: Any = None  # their way that is under way, for what can be done with it

    def as_json(self) -> dict[str, Any]:
        return {
            "headline": self.headline, "gets": self.gets,
            "parts": [
                {
                    "name": part.name, "title": part.title, "holds": part.holds, "reason": part.no,
                    "lines": [
                        {"label": line.label, "value": line.value, "holds": line.holds, "depth": line.depth,
                         "more": line.more}
                        for line in part.lines
                    ],
                }
                for part in self.parts
            ],
        }  # fmt: skip
