"""What a measurement says: one figure of ours, its floor from the same run, and whether its budget is met."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.budgets import Budget, budget_of

#: Units of which more is better.
RATES = {"rows/s", "mails/s", "enrollments/s", "×"}


@dataclass(frozen=True)
class Figure:
    """`key` finds the budget (`pages.accounts.name`); `what` is read by people. `floor` None: there is none.

    `unit`: ms, s, MB, queries, rows/s, mails/s, enrollments/s, or × (a gain). `sizes` says on how much it was measured,
    `more` what else was seen (p95, spread).
    """

    key: str
    what: str
    ours: float
    floor: float | None
    unit: str
    sizes: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def budget(self) -> Budget | None:
        return budget_of(self.key)

    @property
    def ratio(self) -> float | None:
        """How many times the floor's cost ours is; of rates, how many times as quick the floor is."""
        if not self.floor or not self.ours:
            return None
        return self.floor / self.ours if self.unit in RATES else self.ours / self.floor

    @property
    def met(self) -> bool | None:
        """None without a budget."""
        if not (limit := self.budget):
            return None
        return all((
            limit.ratio is None or self.ratio is None or self.ratio <= limit.ratio,
            limit.gain is None or self.floor is None or self.ours >= limit.gain * self.floor,
            limit.most is None or self.ours <= limit.most,
            limit.least is None or self.ours >= limit.least,
        ))  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        limit = self.budget
        return {
            "key": self.key, "what": self.what, "ours": self.ours, "floor": self.floor, "unit": self.unit,
            "ratio": self.ratio, "budget": limit.words(self.unit) if limit else None, "met": self.met,
            "sizes": self.sizes, "more": self.more,
        }  # fmt: skip


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]
