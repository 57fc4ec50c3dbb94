"""Which benches there are, and running some of them over one population."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tests.bench import (
    board,
    daily,
    dashboard,
    fields,
    growth,
    imports,
    metrics,
    pages,
    rehearsing,
    search,
    spine,
    tickets,
)
from tests.bench.figures import Figure
from tests.bench.population import FEWEST, Population, prepare, say

BENCHES: dict[str, Callable[[Population], list[Figure]]] = {
    "sweep": spine.sweep,
    "engine": spine.advance,
    "rehearsal": rehearsing.measure,
    "pages": pages.measure,
    "tickets": tickets.measure,
    "board": board.measure,
    "metrics": metrics.measure,
    "dashboard": dashboard.measure,
    "search": search.measure,
    "fields": fields.measure,
    "import": imports.measure,
    "growth": growth.measure,
    "memory": spine.memory,
    "daily": daily.measure,
    "sending": spine.send,
}


class Refused(ValueError):
    """The bench cannot be run as asked; nothing was done."""


def check(names: Sequence[str], accounts: int) -> list[str]:
    """The names to run, in their order; all when none is given. Raises Refused."""
    if unknown := [name for name in names if name not in BENCHES]:
        raise Refused(f"There is no bench {', '.join(unknown)}. Known: {', '.join(BENCHES)}.")
    if accounts < FEWEST:
        raise Refused(f"{accounts} accounts show nothing. Ask for {FEWEST} or more.")
    return [name for name in BENCHES if name in names or not names]


def run(names: Sequence[str], accounts: int, *, fresh: bool = False) -> Iterator[Figure]:
    """The figures of each bench as soon as it is done. Say `check` first."""
    population = prepare(accounts, fresh=fresh)
    for name in names:
        say(f"{name} …")
        yield from BENCHES[name](population)
