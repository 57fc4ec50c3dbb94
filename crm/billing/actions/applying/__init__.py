"""What was said of an object becomes rows of the ledger: the same ones, however often it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from crm.billing.actions.applying.contracts import apply_contract
from crm.billing.actions.applying.methods import apply_customer, apply_method
from crm.billing.actions.applying.payments import apply_payment
from crm.billing.actions.applying.refunds import apply_refund
from crm.billing.models import BillingObject
from crm.billing.rules.facts import Said

__all__ = ["apply"]

type _Apply = Callable[[BillingObject, Sequence[Said], int, datetime], dict[str, Any]]
_HOW: dict[str, _Apply] = {
    "contract": apply_contract, "payment": apply_payment, "refund": apply_refund, "method": apply_method,
    "customer": apply_customer,
}  # fmt: skip


def apply(row: BillingObject, facts: Sequence[Said], account_id: int, now: datetime) -> dict[str, Any]:
    """Returns the state, as JSON, that the ledger has been given. Raises Waits or NoRate, with nothing written."""
    return _HOW[row.kind](row, facts, account_id, now)
