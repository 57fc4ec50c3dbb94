"""A name that nobody has yet, for what is made like something else."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 60


def free(name: str, used: Iterable[str]) -> str:
    """“Sales”, else “Sales 2”, and so on; what is used is so in capitals too."""
    taken = {one.casefold() for one in used}
    tried, number = name, 1
    while tried.casefold() in taken:
        number += 1
        end = f" {number}"
        tried = f"{name[: _LONGEST - len(end)]}{end}"
    return tried
