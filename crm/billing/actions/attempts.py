"""That a payment is tried again: asked for here, done by `crm.billing.stripe.trying`."""

from __future__ import annotations

from datetime import datetime

from crm.billing import secrets
from crm.billing.models import BillingObject, PaymentAttempt
from crm.ledger.models import Payment
from crm.timeline.actions import Fact, record

#: The fact that tells a billing system which we cannot call; its bridge obeys it.
RETRY_WANTED = "payment.retry_wanted"

State = PaymentAttempt.State
_WANTS_MONEY = (Payment.Status.OPEN, Payment.Status.FAILED)


class NotRetried(ValueError):
    """Nothing was written; the message says why."""


def can_be_retried(payment: Payment) -> bool:
    """Whether it still wants money."""
    return payment.status in _WANTS_MONEY


def retry(payment: Payment, key: str, now: datetime) -> PaymentAttempt:
    """Have the payment tried again, in the caller's transaction; said twice under one key it is once. See the package.

    Raises NotRetried, and ValueError for a key that is another payment's.
    """
    if known := PaymentAttempt.objects.filter(key=key).first():
        return _same(known, payment)
    if not can_be_retried(payment):
        raise NotRetried(f"The payment is {payment.get_status_display().lower()}: it wants no money any more.")
    state, reason = _way(payment)
    row = PaymentAttempt(
        payment=payment, key=key, state=state, reason=reason, was=payment.attempts, asked_at=now, due_at=now,
        settled_at=now if state == State.FAILED else None,
    )  # fmt: skip
    PaymentAttempt.objects.bulk_create([row], ignore_conflicts=True)
    written = PaymentAttempt.objects.get(key=key)  # ours, or that of somebody who was quicker
    if written.state == State.TOLD:
        record(_wanted(payment, key, now), now=now)
    return _same(written, payment)


def withdraw(key: str, now: datetime) -> None:
    """Nobody wants it any more, in the caller's transaction: what was not asked for yet never is. What perhaps was is
    not asked for again, and what billing reports next settles it."""
    under_way = PaymentAttempt.objects.filter(key=key, state__in=[State.WAITING, State.SENDING])
    never = under_way.filter(state=State.WAITING, first_sent_at=None)
    never.update(state=State.CANCELLED, reason="It was not wanted any more.", settled_at=now)
    perhaps = "It was not wanted any more; Stripe had perhaps been asked by then."
    under_way.update(state=State.UNCERTAIN, reason=perhaps, settled_at=now)


def _same(row: PaymentAttempt, payment: Payment) -> PaymentAttempt:
    if row.payment_id != payment.pk:
        raise ValueError(f"{row.key} is the key of another payment's attempt.")
    return row


def _way(payment: Payment) -> tuple[str, str]:
    """Who is asked: Stripe by a worker, or another system by a fact; or why nobody can be."""
    if not payment.external_id:
        return State.FAILED, "The payment has no id of a billing system: somebody wrote it down here."
    of_stripe = BillingObject.objects.filter(source="stripe", kind="payment", external_id=payment.external_id)
    if not of_stripe.exists():
        return State.TOLD, ""
    if not secrets.stripe_key():
        return State.FAILED, "Stripe cannot be asked without an API key. Give one under Settings, Billing."
    return State.WAITING, ""


def _wanted(payment: Payment, key: str, now: datetime) -> Fact:
    left = payment.amount - payment.refunded
    payload = {
        "payment": payment.pk, "external_id": payment.external_id, "amount": str(left), "currency": payment.currency,
        "attempts": payment.attempts, "key": key,
    }  # fmt: skip
    words = f"Payment of {left} {payment.currency} is to be tried again"
    return Fact(payment.account_id, RETRY_WANTED, words, now, payload=payload, key=f"{RETRY_WANTED}:{key}"[:200])


def settle_told(payment: Payment, now: datetime) -> None:
    """Billing has reported on a payment, which the caller has locked: what its system was asked for has an answer."""
    asked = PaymentAttempt.objects.filter(payment=payment, state__in=[State.TOLD, State.UNCERTAIN])
    if payment.status in Payment.RECEIVED:
        asked.update(state=State.SUCCEEDED, reason="", settled_at=now)
    elif payment.status == Payment.Status.VOID:
        asked.filter(state=State.TOLD).update(state=State.CANCELLED, settled_at=now)
    elif payment.status == Payment.Status.FAILED:
        failed = asked.filter(state=State.TOLD, was__lt=payment.attempts)
        failed.update(state=State.DECLINED, reason=payment.failure_reason, settled_at=now)
