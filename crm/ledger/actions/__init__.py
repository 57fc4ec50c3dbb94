"""The ledger's verbs: what follows from an account's facts, and the booking of terms that renew."""

from __future__ import annotations

from datetime import datetime

from crm.ledger.actions.days import PROJECTED, derive_all, midnight, next_change, project_all_due
from crm.ledger.actions.projection import project
from crm.ledger.actions.renewals import book_renewals
from crm.web import clock

__all__ = ["PROJECTED", "book_renewals", "derive_all", "next_due", "project", "project_all_due", "run"]


def run(now: datetime) -> int:
    """One slice of the ledger's work: renewals, then beginnings and ends, then what is older than its spans."""
    return book_renewals(now) or project_all_due(now) or derive_all(now)


def next_due(now: datetime) -> datetime | None:
    """The next midnight, in the installation's zone, at which something begins, ends or is to be renewed."""
    day = next_change(clock.today(now), renewing=True)
    return midnight(day) if day else None
