"""Payments and what goes back of them, one at a time. Billing reports them; files bring them by the million."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Sum

from crm.ledger.actions.projection import project
from crm.ledger.actions.rates import rate_on
from crm.ledger.models import Payment, Refund
from crm.team.models import User
from crm.timeline.actions import Fact, record
from crm.web import clock, wording

_STATUS = Payment.Status


class PaymentError(ValueError):
    """Nothing was changed; `field` is to blame, and the message is for the person who asked."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def booked_rate(currency: str, at: datetime) -> Decimal:
    """What an amount of that moment is booked with. Raises PaymentError."""
    rate = rate_on(currency, clock.today(at))
    if rate is None:
        why = f"{currency} has no rate to {settings.CURRENCY}, the reporting currency."
        raise PaymentError("currency", f"{why} Add it under Settings, Currencies.")
    return rate


def save(
    payment: Payment, values: Mapping[str, Any], now: datetime, *, react: bool = True, by: User | None = None
) -> Payment:
    """Give a payment, new or locked, these values, in the caller's transaction; its account follows, and the timeline
    hears of a status that is new, and of each further try that failed; `by` is who entered it. Raises PaymentError.

    What went back stays back: who says paid of one that was refunded changes nothing.
    """
    was, currency = (None, None) if payment._state.adding else (payment.status, payment.currency)
    tries = payment.attempts
    for name, value in values.items():
        setattr(payment, name, value)
    _check(payment, was)
    if payment.refunded and payment.status in Payment.RECEIVED:
        payment.status = _of_refunds(payment)
    if currency != payment.currency:
        payment.rate = booked_rate(payment.currency, payment.due_at)
    if payment.status == _STATUS.FAILED:
        payment.failed_at, payment.attempts = payment.failed_at or now, payment.attempts or 1
    payment.updated_at = now
    payment.save()
    project([payment.account_id], now)
    again = payment.status == _STATUS.FAILED and payment.attempts > tries
    if payment.status != was or again:
        _tell(payment, now, by, react=react)
    return payment


def _check(payment: Payment, was: str | None) -> None:
    if payment.status in (_STATUS.REFUNDED, _STATUS.PARTLY_REFUNDED) and was != payment.status:
        raise PaymentError("status", "Money goes back by a refund: post it to the payment's refunds.")
    if payment.status in Payment.RECEIVED and payment.paid_at is None:
        raise PaymentError("paid_at", "Say when it was paid: figures count by it.")
    if payment.amount < payment.refunded:
        said = wording.money(payment.refunded, payment.currency)
        raise PaymentError("amount", f"{said} went back already: it cannot be less.")
    if payment.contract and payment.contract.account_id != payment.account_id:
        raise PaymentError("contract", "The contract is another customer's.")


def refund(
    payment: Payment, amount: Decimal, at: datetime, external_id: str | None, now: datetime, by: User | None = None, *,
    react: bool = True,
) -> Refund:  # fmt: skip
    """Money of a payment, which the caller has locked, goes back. Raises PaymentError, and then nothing has."""
    if payment.status not in Payment.RECEIVED:
        state = payment.get_status_display().lower()
        raise PaymentError("payment", f"It is {state}: nothing was paid that could go back.")
    left = payment.amount - payment.refunded
    if amount > left:
        most, whole, gone = (wording.money(each, payment.currency) for each in (left, payment.amount, payment.refunded))
        raise PaymentError("amount", f"At most {most} can go back: of {whole}, {gone} went back already.")
    made = Refund.objects.create(payment=payment, amount=amount, refunded_at=at, external_id=external_id)
    payment.refunded += amount
    payment.status, payment.updated_at = _of_refunds(payment), now
    payment.save(update_fields=["refunded", "status", "updated_at"])
    project([payment.account_id], now)
    said = f"Refunded {wording.money(amount, payment.currency)}"
    record(_fact(payment, "payment.refunded", said, at, f":{made.pk}", by), react=react, now=now)
    return made


def take_back(payment: Payment, refund: Refund, now: datetime) -> None:
    """A refund of a payment, which the caller has locked, never arrived: what it took is there again."""
    refund.delete()
    add_up(payment, now)


def add_up(payment: Payment, now: datetime) -> None:
    """Of a payment, which the caller has locked, what went back is the sum of its refunds; one that failed since, or
    was given up, has not come in by that."""
    payment.refunded = payment.refunds.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    if payment.status in Payment.RECEIVED:
        payment.status = _of_refunds(payment) if payment.refunded else _STATUS.PAID
    payment.updated_at = now
    payment.save(update_fields=["refunded", "status", "updated_at"])
    project([payment.account_id], now)


def _of_refunds(payment: Payment) -> str:
    return _STATUS.REFUNDED if payment.refunded == payment.amount else _STATUS.PARTLY_REFUNDED


def _tell(payment: Payment, now: datetime, by: User | None, *, react: bool) -> None:
    """Of one that was paid, and each time that one fails."""
    said = wording.money(payment.amount, payment.currency)
    if payment.status == _STATUS.PAID and payment.paid_at:
        record(_fact(payment, "payment.paid", f"Paid {said}", payment.paid_at, "", by), react=react, now=now)
    elif payment.status == _STATUS.FAILED and payment.failed_at:
        why = f": {payment.failure_reason}" if payment.failure_reason else ""
        again = f":{payment.attempts}" if payment.attempts > 1 else ""
        record(_fact(payment, "payment.failed", f"Payment of {said} failed{why}", payment.failed_at, again, by),
               react=react, now=now)  # fmt: skip


def _fact(payment: Payment, kind: str, text: str, at: datetime, mark: str, by: User | None) -> Fact:
    payload = {"payment": payment.pk, "amount": str(payment.amount), "currency": payment.currency}
    return Fact(payment.account_id, kind, text[:400], at, payload=payload, key=f"{kind}:{payment.pk}{mark}",
                **said_by(by))  # fmt: skip


def said_by(by: User | None) -> dict[str, Any]:
    """Whom a fact names: the person who entered it, or nobody."""
    return {"source": "person", "actor_id": by.pk} if by else {}
