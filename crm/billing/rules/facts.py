"""What was said of one object, in its order, and as it adds up where what was said last holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Said:
    """A fact as it is kept. `said` is JSON: what it leaves out is as it was."""

    at: datetime
    rank: int
    key: str
    said: Mapping[str, Any]


def in_order(facts: Iterable[Said]) -> list[Said]:
    """By moment; of one second, in which systems put several, by what can only come later; then by key, so that there
    is one order in whatever order they came. A key said twice is one fact."""
    once = {one.key: one for one in facts}
    return sorted(once.values(), key=lambda one: (one.at, one.rank, one.key))


def steps(facts: Iterable[Said]) -> Iterator[tuple[Said, dict[str, Any]]]:
    """Each fact in its order, with all that holds after it."""
    holds: dict[str, Any] = {}
    for one in in_order(facts):
        holds = {**holds, **one.said}
        yield one, holds


def merged(facts: Iterable[Said]) -> dict[str, Any]:
    """What holds after all of them."""
    holds: dict[str, Any] = {}
    for _, holds in steps(facts):  # noqa: B007  (the last one is wanted)
        pass
    return holds


def payment(facts: Iterable[Said]) -> dict[str, Any]:
    """As `merged`, with when it failed last: the first moment at which so many tries were said to have failed."""
    holds: dict[str, Any] = {}
    failed_at, tries = "", 0
    for one, holds in steps(facts):
        if holds.get("status") != "failed":
            continue
        many = int(holds.get("attempts") or 1)
        if one.said.get("failed_at"):
            failed_at, tries = str(one.said["failed_at"]), max(many, tries)
        elif many > tries:
            failed_at, tries = one.at.isoformat(), many
    return holds | ({"failed_at": failed_at} if failed_at else {})
