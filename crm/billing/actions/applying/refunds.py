"""What went back of a payment, refund by refund; of what is only said altogether, the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from crm.billing.actions.waiting import Waits
from crm.billing.models import BillingObject
from crm.billing.rules.facts import Said, merged
from crm.ledger.actions import payments
from crm.ledger.models import Payment, Refund


@dataclass(frozen=True, slots=True)
class _Wanted:
    amount: Decimal
    at: datetime


def apply_refund(row: BillingObject, facts: Sequence[Said], account_id: int, now: datetime) -> dict[str, Any]:
    """All refunds of its payment are looked at together: in whatever order they came, the same ones stand there.

    Raises Waits while the payment is not there, was not paid, or was less than what went back of it.
    """
    state = merged(facts)
    payment, told = _payment(row, account_id)
    wanted = _wanted(row, state, told)
    known: dict[str | None, Refund | None] = {one.external_id: one for one in payment.refunds.all()}
    for name, refund in list(known.items()):
        if (
            name
            and refund
            and _is_billings(name, told)
            and (name not in wanted or wanted[name].amount != refund.amount)
        ):
            payments.take_back(payment, refund, now)
            known[name] = None
    for name, one in sorted(wanted.items()):
        if known.get(name) is None and not _adopted(payment, name, one):
            try:
                payments.refund(payment, one.amount, one.at, name, now)
            except payments.PaymentError as error:
                raise Waits(str(error)) from error
    return state


def _payment(row: BillingObject, account_id: int) -> tuple[Payment, list[BillingObject]]:
    """It, locked, and all that was said of what went back of it."""
    named = BillingObject.objects.filter(source=row.source, kind="payment", names__overlap=row.names).first()
    found = Payment.objects.select_for_update(of=("self",), no_key=True)
    payment = found.filter(external_id=named.external_id).first() if named else None
    if named is None or payment is None:
        raise Waits("The payment of which it went back has not been reported yet.")
    if payment.account_id != account_id:
        raise Waits("The payment of which it went back is another customer’s here.")
    if payment.status not in Payment.RECEIVED:
        raise Waits("The payment of which it went back is not paid yet.")
    names = [named.external_id, *named.names]
    told = BillingObject.objects.filter(source=row.source, kind="refund", names__overlap=names)
    return payment, list(told.prefetch_related("facts").order_by("pk"))


def _wanted(row: BillingObject, state: dict[str, Any], told: Sequence[BillingObject]) -> dict[str, _Wanted]:
    """By the id that each has in the ledger."""
    each: dict[str, _Wanted] = {}
    totals: dict[str, _Wanted] = {}
    for one in told:
        said = state if one.pk == row.pk else merged(
            Said(fact.at, fact.rank, fact.key, fact.said) for fact in one.facts.all()
        )  # fmt: skip
        at = datetime.fromisoformat(said["at"])
        if "total" in said:
            totals[f"{one.external_id}:rest"] = _Wanted(Decimal(said["total"]), at)
        elif said.get("gone") and Decimal(said.get("amount") or 0) > 0:
            each[one.external_id] = _Wanted(Decimal(said["amount"]), at)
    rest = _sum(totals) - _sum(each)
    if totals and rest > 0:
        name = min(totals)
        each[name] = _Wanted(rest, totals[name].at)
    return each


def _sum(wanted: dict[str, _Wanted]) -> Decimal:
    return sum((one.amount for one in wanted.values()), Decimal(0))


def _is_billings(name: str, told: Sequence[BillingObject]) -> bool:
    return any(name in (one.external_id, f"{one.external_id}:rest") for one in told)


def _adopted(payment: Payment, name: str, wanted: _Wanted) -> bool:
    """A refund of the same amount that a file had brought without an id is this one."""
    unnamed = Refund.objects.filter(payment=payment, external_id=None, amount=wanted.amount).order_by("pk").first()
    if unnamed is None:
        return False
    unnamed.external_id, unnamed.refunded_at = name, wanted.at
    unnamed.save(update_fields=["external_id", "refunded_at"])
    return True
