"""Payments that are to be tried again: claim → ask Stripe → note what came of it.

An attempt is committed as `sending` before Stripe is asked, and the number of its claim fences off whoever comes back
too late. Stripe knows an idempotency key for 24 hours: while it surely does, asking again does nothing twice. After
that what nobody knows stays uncertain, and what billing reports next settles it.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Min

from crm.billing.actions.taking import take
from crm.billing.models import PaymentAttempt
from crm.billing.stripe import asking, events
from crm.billing.told import Told, Unreadable
from crm.inbox.channels.chat import words
from crm.ledger.models import Payment

State = PaymentAttempt.State

#: A worker that has not noted what became of its attempt by then is taken for dead: well over what a call may take.
LEASE = timedelta(seconds=90)
#: How long after the first time an attempt is asked for again under its key: half of what Stripe remembers.
KEY_HOLDS = timedelta(hours=12)
#: Attempts are tried so often, and rest so long between.
MAX_TRIES = 5
_RESTS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
#: Seconds after which a slice takes nothing more.
_SLICE = 8.0

_CLAIM = """
    WITH next AS MATERIALIZED (
        SELECT id FROM crm_paymentattempt WHERE state IN ('waiting', 'sending') AND due_at <= %(now)s
        ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE crm_paymentattempt a SET state = 'sending', due_at = %(until)s, tries = tries + 1, claims = claims + 1
    FROM next WHERE a.id = next.id RETURNING a.id
"""


@dataclass(frozen=True, slots=True)
class _Claimed:
    pk: int
    claims: int
    invoice: str
    key: str


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of it. A blank state: it is to be asked again, after a rest."""

    state: str
    reason: str = ""
    code: str = ""
    rest: int = 0  # seconds that Stripe asks for
    invoice: Told | None = None  # as Stripe says it is now
    sure: bool = True  # False: perhaps it was done


def work(now: datetime) -> int:
    """Ask for what is due, one after the other, for some seconds. Returns how many were taken.

    Not to be called inside a transaction: nothing is held while Stripe is asked."""
    began, taken = time.monotonic(), 0
    while time.monotonic() - began < _SLICE:
        found, one = _claim(now)
        if not found:
            break
        taken += 1
        if one:
            _note(one, _ask(one, now), now)
    return taken


def next_due(now: datetime) -> datetime | None:
    """The first moment after `now` at which `work` will find something."""
    waiting = PaymentAttempt.objects.filter(state__in=[State.WAITING, State.SENDING], due_at__gt=now)
    found: datetime | None = waiting.aggregate(at=Min("due_at"))["at"]
    return found


@transaction.atomic
def _claim(now: datetime) -> tuple[bool, _Claimed | None]:
    """Whether one was taken, and what is to be asked for it: nothing where it is not wanted any more."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"now": now, "until": now + LEASE}
        cursor.execute(_CLAIM, values)
        if (found := cursor.fetchone()) is None:
            return False, None
    row = PaymentAttempt.objects.select_related("payment").get(pk=found[0])
    if row.payment.status not in (Payment.Status.OPEN, Payment.Status.FAILED):
        received = row.payment.status in Payment.RECEIVED
        _settle(row, State.SUCCEEDED if received and row.first_sent_at else State.CANCELLED,
                f"The payment is {row.payment.get_status_display().lower()} meanwhile.", "", now)  # fmt: skip
        return True, None
    if row.first_sent_at and (row.tries > MAX_TRIES or now - row.first_sent_at > KEY_HOLDS):
        _settle(row, State.UNCERTAIN, row.reason or "Stripe was asked, and nobody knows what became of it.", "", now)
        return True, None
    if row.tries > MAX_TRIES:
        _settle(row, State.FAILED, row.reason or "Stripe could not be asked.", "", now)
        return True, None
    if row.first_sent_at is None:
        row.first_sent_at = now
        row.save(update_fields=["first_sent_at"])
    return True, _Claimed(
        row.pk, row.claims, row.payment.external_id or "", f"holdfast-attempt-{row.pk}-{row.key}"[:255]
    )


def _ask(one: _Claimed, now: datetime) -> _Outcome:
    """Never raises for what the other side does."""
    try:
        answer = asking.post(f"/v1/invoices/{asking.in_path(one.invoice)}/pay", one.key, now)
    except asking.Refused as error:
        return _Outcome(State.FAILED, str(error))
    except asking.NotAsked as error:
        return _Outcome("", str(error), rest=error.rest)
    except asking.Unanswered as error:
        return _Outcome("", str(error), sure=False)
    if answer.status < 300:
        return _paid(answer)
    return _refused(answer)


def _refused(answer: asking.Answered) -> _Outcome:
    error, code = answer.error, words(answer.error.get("code"), 60)
    reason = words(error.get("message"), 300) or f"Stripe answered {answer.status}."
    if answer.status == 409 or code in ("lock_timeout", "idempotency_key_in_use"):
        return _Outcome("", reason, code, sure=False)
    if answer.status == 402 or error.get("type") == "card_error":
        return _Outcome(State.DECLINED, reason, words(error.get("decline_code"), 60) or code)
    if code == "invoice_already_paid" or "already paid" in reason.lower():
        return _Outcome(State.CANCELLED, reason, code)
    return _Outcome(State.FAILED, reason, code)


def _paid(answer: asking.Answered) -> _Outcome:
    """The invoice as it is now. One that is still open goes by a way that takes days: a webhook says more."""
    status = words(answer.said.get("status"), 20)
    try:
        told = next(events.invoice(dict(answer.said), answer.at), None)
    except Unreadable:
        told = None
    if status == "paid":
        return _Outcome(State.SUCCEEDED, invoice=told)
    return _Outcome(State.UNCERTAIN, "Stripe has begun, and reports later what came of it.", invoice=told)


def _note(one: _Claimed, outcome: _Outcome, now: datetime) -> None:
    """Whoever comes back after somebody else has taken over says nothing."""
    with transaction.atomic():
        found = PaymentAttempt.objects.select_for_update(no_key=True).filter(pk=one.pk, claims=one.claims)
        row = found.filter(state=State.SENDING).first()
        if row is None:
            return
        if outcome.state:
            _settle(row, outcome.state, outcome.reason, outcome.code, now)
        else:
            _rest(row, outcome, now)
    if outcome.invoice:  # the ledger need not wait for the webhook, which says the same
        take(replace(outcome.invoice, key=f"attempt:{one.pk}"), now)


def _rest(row: PaymentAttempt, outcome: _Outcome, now: datetime) -> None:
    if outcome.sure:
        row.first_sent_at = None if row.tries == 1 else row.first_sent_at
    rest = _RESTS[min(row.tries, len(_RESTS)) - 1] * (1 + random.random() / 5)
    row.state, row.reason, row.code = State.WAITING, outcome.reason[:300], outcome.code
    row.due_at = now + max(rest, timedelta(seconds=outcome.rest))
    row.save(update_fields=["state", "reason", "code", "due_at", "first_sent_at"])


def _settle(row: PaymentAttempt, state: str, reason: str, code: str, now: datetime) -> None:
    row.state, row.reason, row.code, row.settled_at = state, reason[:300], code, now
    row.save(update_fields=["state", "reason", "code", "settled_at"])
