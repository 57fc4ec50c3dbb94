"""Every budget of the bench, in one table: what may be how much slower than its floor, or how large at most."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """A limit on one side only.

    `ratio`: ours may take this many times what the floor takes (of rates: the floor may be so many times as quick).
    `most` and `least`: limits on our own figure, in its unit. `gain`: ours must reach this share of the floor's figure.
    """

    ratio: float | None = None
    most: float | None = None
    least: float | None = None
    gain: float | None = None

    def words(self, unit: str) -> str:
        told = [
            (self.ratio, "≤ {:g} × floor"), (self.gain, "≥ {:g} × floor"),
            (self.most, f"≤ {{:g}} {unit}"), (self.least, f"≥ {{:g}} {unit}"),
        ]  # fmt: skip
        return ", ".join(words.format(limit) for limit, words in told if limit is not None).strip()


#: The longest key that a figure's own begins with, part by part, gives its budget; without one it is told only.
BUDGETS = {
    "sweep": Budget(ratio=1.5),
    "engine": Budget(ratio=3),
    "engine.second": Budget(gain=1),  # a second worker gains at least what a second bare loop gains
    "rehearsal": Budget(most=60),
    "rehearsal.memory": Budget(most=400),
    "rehearsal.beside": Budget(ratio=1.25),  # the live engine beside one, and alone
    "pages": Budget(ratio=2),
    "pages.queries": Budget(most=12),
    "pages.deep": Budget(ratio=1.3),  # the 1,000th page beside the first
    "pages.other": Budget(most=2),  # any other filter answers, or asks to narrow, within so many seconds
    "fields.asked": Budget(most=2),  # a filter or sort by a field of one's own answers, or asks to narrow
    "tickets": Budget(ratio=2),
    "board": Budget(ratio=2),
    "board.insight": Budget(most=1000),
    "board.queries": Budget(most=12),
    "tickets.insight": Budget(most=2000),
    "metrics": Budget(ratio=1.5),
    "dashboard": Budget(ratio=2),
    "dashboard.queries": Budget(most=12),
    "search": Budget(most=100),
    "search.alike": Budget(most=300),  # asked only when nothing holds the text
    "import.usage": Budget(ratio=10),  # a tenth of COPY into a table with the same unique index
    "growth.pages": Budget(ratio=1.3),
    "growth.sweep": Budget(ratio=12),  # ten times the rows: linear, and a fifth for noise
    "memory": Budget(most=400),
    "daily.slice": Budget(most=15),  # a worker's soft limit is 25 s, and other machines are slower
    "sending": Budget(least=200),
}


def budget_of(key: str) -> Budget | None:
    parts = key.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((BUDGETS[prefix] for prefix in prefixes if prefix in BUDGETS), None)
