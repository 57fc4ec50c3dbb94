"""The verbs of dunning: what falls due, what people decide, and the tokens by which products ask."""

from __future__ import annotations

from datetime import datetime

from retention.dunning.actions.following import follow, next_due
from retention.dunning.actions.opening import look

__all__ = ["next_due", "work"]


def work(now: datetime) -> int:
    """One slice of everything that is due: cases opened, then followed. Returns how many moved."""
    return look(now) + follow(now)
