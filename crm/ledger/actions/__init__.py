"""The ledger's verbs: what an account's contracts say about it today, and the booking of terms that renew."""

from __future__ import annotations

from datetime import datetime

from crm.ledger.actions.projection import PROJECTED, midnight, next_change, project, project_all_due
from crm.ledger.actions.renewals import book_renewals
from crm.web import clock

__all__ = ["PROJECTED", "book_renewals", "next_due", "project", "project_all_due", "run"]


def run(now: datetime) -> int:
    """One slice of the ledger's work: renewals, then beginnings and ends."""
    return book_renewals(now) or project_all_due(now)


def next_due(now: datetime) -> datetime | None:
    """The next midnight, in the installation's zone, at which a term begins, ends or is to be renewed."""
    day = next_change(clock.today(now), renewing=True)
    return midnight(day) if day else None
