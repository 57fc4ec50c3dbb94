"""Payments that are to be tried again, as `turns` has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from crm.billing.actions.taking import take
from crm.billing.models import PaymentAttempt
from crm.billing.stripe import asking, events, turns
from crm.billing.stripe.turns import Claimed, Outcome
from crm.billing.told import Unreadable
from crm.inbox.channels.chat import words
from crm.ledger.models import Payment

State = PaymentAttempt.State


class _Errand(turns.Errand[PaymentAttempt]):
    model = PaymentAttempt

    def rows(self) -> Any:
        return PaymentAttempt.objects.select_related("payment")

    def over(self, row: PaymentAttempt) -> tuple[str, str] | None:
        if row.payment.status in (Payment.Status.OPEN, Payment.Status.FAILED):
            return None
        received = row.payment.status in Payment.RECEIVED
        state = State.SUCCEEDED if received and row.first_sent_at else State.CANCELLED
        return state, f"The payment is {row.payment.get_status_display().lower()} meanwhile."

    def what(self, row: PaymentAttempt) -> str:
        return row.payment.external_id or ""

    def key(self, row: PaymentAttempt) -> str:
        return f"holdfast-attempt-{row.pk}-{row.key}"

    def ask(self, one: Claimed, now: datetime) -> Outcome:
        try:
            answer = asking.post(f"/v1/invoices/{asking.in_path(one.what)}/pay", one.key, now)
        except asking.Refused as error:
            return Outcome(State.FAILED, str(error))
        except asking.NotAsked as error:
            return Outcome("", str(error), rest=error.rest)
        except asking.Unanswered as error:
            return Outcome("", str(error), sure=False)
        return _paid(answer) if answer.status < 300 else _refused(answer)

    def after(self, one: Claimed, outcome: Outcome, now: datetime) -> None:
        """The ledger need not wait for the webhook, which says the same."""
        if outcome.told:
            take(replace(outcome.told, key=f"attempt:{one.pk}"), now)


ERRAND = _Errand()


def work(now: datetime) -> int:
    """See `turns.work`."""
    return turns.work(ERRAND, now)


def next_due(now: datetime) -> datetime | None:
    return turns.next_due(ERRAND, now)


def _refused(answer: asking.Answered) -> Outcome:
    error, code, reason = answer.error, answer.code, answer.reason
    if answer.is_in_the_way:
        return Outcome("", reason, code, sure=False)
    if answer.status == 402 or error.get("type") == "card_error":
        return Outcome(State.DECLINED, reason, words(error.get("decline_code"), 60) or code)
    if code == "invoice_already_paid" or "already paid" in reason.lower():
        return Outcome(State.CANCELLED, reason, code)
    return Outcome(State.FAILED, reason, code)


def _paid(answer: asking.Answered) -> Outcome:
    """The invoice as it is now. One that is still open goes by a way that takes days: a webhook says more."""
    status = words(answer.said.get("status"), 20)
    try:
        told = next(events.invoice(dict(answer.said), answer.at), None)
    except Unreadable:
        told = None
    if status == "paid":
        return Outcome(State.SUCCEEDED, told=told)
    return Outcome(State.UNCERTAIN, "Stripe has begun, and reports later what came of it.", told=told)
