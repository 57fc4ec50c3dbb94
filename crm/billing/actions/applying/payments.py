"""A payment, as billing says it stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from crm.billing.actions.attempts import settle_told
from crm.billing.actions.waiting import Waits, no_rate
from crm.billing.models import BillingObject
from crm.billing.rules import facts as rules
from crm.billing.rules.facts import Said
from crm.ledger.actions import payments
from crm.ledger.actions.rates import rate_on
from crm.ledger.actions.starting import NEWS
from crm.ledger.models import Contract, Payment
from crm.web import clock


def apply_payment(row: BillingObject, facts: Sequence[Said], account_id: int, now: datetime) -> dict[str, Any]:
    """One that asks for nothing yet, or for no money, is none. Raises Waits or NoRate."""
    state = rules.payment(facts)
    there = Payment.objects.select_for_update(of=("self",), no_key=True).filter(external_id=row.external_id).first()
    if not state.get("status") and there is None:
        return state
    if there and there.account_id != account_id:
        raise Waits("The payment with this id is another customer’s here. Correct one of the two ids.")
    values = _values(state, there, account_id)
    if there and all(getattr(there, name) == value for name, value in values.items()):
        settle_told(there, now)
        return state
    paid = there or Payment(account_id=account_id, external_id=row.external_id, created_at=now)
    latest = max(one.at for one in facts)
    try:
        payments.save(paid, values, now, react=latest > now - NEWS)
    except payments.PaymentError as error:
        raise Waits(str(error)) from error
    settle_told(paid, now)
    return state


def _values(state: dict[str, Any], there: Payment | None, account_id: int) -> dict[str, Any]:
    """As `ledger.actions.payments.save` takes them."""
    currency = str(state.get("currency") or (there.currency if there else ""))
    if "amount" not in state or not currency:
        raise Waits("Nobody has said yet how much is due, and in which currency.")
    due_at = _moment(state.get("due_at")) or _moment(state.get("paid_at"))
    if due_at is None:
        raise Waits("Nobody has said yet when it was due.")
    if rate_on(currency, clock.today(due_at)) is None:
        raise no_rate(currency, settings.CURRENCY)
    status = state.get("status") or Payment.Status.VOID
    values: dict[str, Any] = {
        "contract": _contract(state.get("contract"), account_id), "due_at": due_at, "currency": currency,
        "amount": Decimal(state["amount"]), "status": status, "attempts": int(state.get("attempts") or 0),
        "paid_at": _moment(state.get("paid_at")) if status == "paid" else None,
        "failed_at": _moment(state.get("failed_at")), "failure_reason": str(state.get("failure_reason") or "")[:200],
    }  # fmt: skip
    if status == "failed":
        values["attempts"] = values["attempts"] or 1
    if there and there.refunded and status == "paid":
        values["status"] = there.status  # what went back stays back
    return values


def _contract(external_id: str | None, account_id: int) -> Contract | None:
    if not external_id:
        return None
    found = Contract.objects.filter(external_id=external_id).first()
    if found is None:
        raise Waits(f"Its contract {external_id} has not been reported yet.")
    if found.account_id != account_id:
        raise Waits(f"Its contract {external_id} is another customer’s here. Correct one of the two ids.")
    return found


def _moment(said: Any) -> datetime | None:
    return datetime.fromisoformat(said) if said else None
