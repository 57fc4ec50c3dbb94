"""What a contract's own dialog shows."""

from __future__ import annotations

from datetime import date
from typing import Any

from crm.ledger.actions.leaving import standing_notice
from crm.ledger.models import Contract

#: Of each list, the newest.
TERMS, PAYMENTS = 6, 5


def contract(row: Contract, today: date) -> dict[str, Any]:
    """Its terms and payments, the newest first, and where it stands. Four queries."""
    terms = list(row.terms.order_by("-starts_on")[:TERMS])
    counts, notice = row.status in Contract.COUNTS, standing_notice(row, today)
    covering = (term for term in terms if term.starts_on <= today and not (term.ends_on and term.ends_on <= today))
    running = next(covering, None) if row.status != Contract.Status.CANCELLED else None
    return {
        "contract": row, "terms": terms, "running": running, "notice": notice,
        "payments": list(row.payments.order_by("-due_at", "-id")[:PAYMENTS]),
        "asked": list(row.cancellations.select_related("reason", "by").order_by("-id")[:3]),
        "can_change": counts and running is not None,
        "can_cancel": row.status not in (Contract.Status.CANCELLED, Contract.Status.EXPECTED) and notice is None,
        "can_come_back": notice is not None or row.status == Contract.Status.CANCELLED,
    }  # fmt: skip
