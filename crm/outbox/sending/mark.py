"""What became of a message that was handed over, noted before the next one is."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction

from crm import slots
from crm.outbox import rules
from crm.outbox.channels import Accepted, Outcome, Refused
from crm.outbox.models import CHATS, OutboundMessage
from crm.outbox.sending.claim import crash
from crm.outbox.sending.decisions import note
from crm.outbox.sending.returning import tried, unpaid
from crm.outbox.suppressing import suppress
from crm.timeline.actions import Fact, record, recording
from crm.web.addresses import address
from crm.web.planned import planned

State = OutboundMessage.State

#: A channel forgets keys at a moment of its own: only so much of the time it promises is relied on.
TRUSTED = 0.5

# Nobody needs to wait for the disk: the commit of the next hand-over flushes this one too, so that a database that
# breaks down leaves no more in doubt than a sender that dies.
_SENT = """
    WITH marked AS (
        UPDATE crm_outboundmessage SET state = 'sent', settled_at = %(at)s, lease_until = NULL, reason = %(reason)s,
            guard = '', provider_id = %(provider_id)s, resend_until = NULL,
            facts = CASE WHEN %(secret)s THEN '{}' ELSE facts END
        WHERE id = %(message)s AND attempts = %(attempts)s AND state IN ('sending', 'uncertain')
        RETURNING id
    )
    INSERT INTO crm_decision (message_id, at, verdict, guard, reason, facts)
    SELECT id, %(at)s, 'sent', '', %(reason)s, '{}' FROM marked
"""

# A sender that was so slow that its message was taken for uncertain knows better, and says so.
_MARKED = """
    EXISTS (SELECT FROM crm_outboundmessage WHERE id = %(message)s AND attempts = %(attempts)s AND state = 'sent')
"""


def mark(message: OutboundMessage, outcome: Outcome, moment: datetime, idempotent_for: timedelta | None = None) -> None:
    """Write down what the channel said of a message as it was handed over, if it is still ours."""
    if isinstance(outcome, Accepted):
        try:
            _sent(message, outcome, moment)
            return
        except IntegrityError:
            pass  # its reader was merged or erased meanwhile: the row knows who it is now
    with transaction.atomic():
        rows = OutboundMessage.objects.select_for_update(of=("self",))
        states = [State.SENDING, State.UNCERTAIN]
        leaving = rows.filter(pk=message.pk, attempts=message.attempts, state__in=states).first()
        if leaving is None:
            return
        if isinstance(outcome, Accepted):
            _sent_meanwhile(leaving, outcome, moment)
        elif isinstance(outcome, Refused):
            _refused(leaving, outcome, moment)
        elif not once_more(leaving, idempotent_for, outcome.reason, moment):
            doubt(leaving, outcome.reason, moment)
        crash("before_mark")


def _sent(message: OutboundMessage, outcome: Accepted, moment: datetime) -> None:
    """One round trip for what almost always happens."""
    facts = [_fact(message, "email.sent", _SENT_TEXT.format(message.rendered_subject), moment)]
    told, values = recording([fact for fact in facts if fact], now=moment, provided=_MARKED)
    values |= {
        "message": message.pk, "attempts": message.attempts, "at": moment, "secret": message.is_secret,
        "reason": _took(message), "provider_id": outcome.provider_id[:200],
    }  # fmt: skip
    crash("before_mark")
    with connection.cursor() as cursor:
        calls = [planned(_SENT).call(cursor), planned(told).call(cursor)]
        cursor.execute(f"SET LOCAL synchronous_commit = off; {' '.join(calls)}", values)


def _sent_meanwhile(message: OutboundMessage, outcome: Accepted, moment: datetime) -> None:
    """The same for a message whose reader is not who it was when it left."""
    message.provider_id, message.resend_until = outcome.provider_id[:200], None
    message.save(update_fields=["provider_id", "resend_until"])
    settle(message, State.SENT, moment, _took(message))
    tell(message, "email.sent", _SENT_TEXT.format(message.rendered_subject), moment)


def _took(message: OutboundMessage) -> str:
    who = CHATS.get(message.channel, "The mail server")
    return f"{who} took it for {message.to_address or 'somebody who was erased since'}."[:300]


def _refused(message: OutboundMessage, outcome: Refused, moment: datetime) -> None:
    if outcome.bounced and message.to_address:
        suppress(message.reached_as(message.to_address), outcome.reason, moment)
    if outcome.unreachable:
        unpaid(message)
    if outcome.temporary and message.attempts < message.attempts_limit:
        _retry(message, outcome.reason, moment, rest=outcome.rest)
    elif message.resend_until:
        doubt(message, f"It may have left before. Now: {outcome.reason}", moment)
    elif outcome.temporary:
        settle(message, State.FAILED, moment, f"Given up after {rules.MAX_ATTEMPTS} attempts. {outcome.reason}")
    else:
        settle(message, State.FAILED, moment, outcome.reason)


def once_more(message: OutboundMessage, idempotent_for: timedelta | None, reason: str, moment: datetime) -> bool:
    """Nobody knows whether it left, but the other side does: let it go again under its key. False: it must not.

    The row is locked by the caller. A way to sign in is not kept as it was sent, so it cannot go again.
    """
    if message.state != State.SENDING or idempotent_for is None or message.sending_at is None or message.is_secret:
        return False
    until = message.resend_until or message.sending_at + idempotent_for * TRUSTED
    if message.attempts >= message.attempts_limit or moment + rules.backoff(max(tried(message), 1), 1) >= until:
        return False
    message.resend_until = until
    _retry(message, reason, moment, same_key=True)
    return True


def _retry(
    message: OutboundMessage, reason: str, moment: datetime, rest: timedelta = timedelta(0), **facts: Any
) -> None:
    message.due_at = moment + max(rest, rules.backoff(max(tried(message), 1), random.random()))
    message.state, message.lease_until, message.guard = State.DUE, None, "retry"
    message.reason = reason[:300]
    message.save()
    note(message, "retry", moment, "", reason, {"until": message.due_at, "attempt": message.attempts, **facts})


def settle(
    message: OutboundMessage, state: str, moment: datetime, reason: str, *, by_id: int | None = None, verdict: str = ""
) -> None:
    """Bring a message to its end, with the decision kept. The row is locked by the caller."""
    message.state, message.settled_at, message.lease_until, message.reason = state, moment, None, reason[:300]
    message.guard = ""
    message.save(update_fields=["state", "settled_at", "lease_until", "reason", "guard"])
    note(message, verdict or state, moment, "", reason, {}, by_id)


def doubt(message: OutboundMessage, reason: str, moment: datetime) -> None:
    """Nobody knows whether it left: from here only a person can go on. Does nothing twice."""
    if message.state == State.UNCERTAIN:
        return
    message.state, message.lease_until, message.reason = State.UNCERTAIN, None, reason[:300]
    message.sending_at = message.sending_at or moment  # the cap counts what may have left
    message.save()
    note(message, State.UNCERTAIN, moment, "", reason, {})
    tell(message, "email.uncertain", f"“{message.rendered_subject}” may or may not have been sent", moment)


def tell(message: OutboundMessage, kind: str, text: str, moment: datetime) -> None:
    """Put it on the contact's timeline; mail to one of ours is on none."""
    if fact := _fact(message, kind, text, moment):
        record(fact, now=moment)


_SENT_TEXT = "Sent “{}”"


def _fact(message: OutboundMessage, kind: str, text: str, at: datetime) -> Fact | None:
    origin = slots.letter_origins.get(message.origin) if kind == "email.sent" else None
    if origin and (told := origin.tell(message, at)):
        fact: Fact = told
        return fact
    if message.contact is None:
        return None
    payload = {"why_url": address("outbox:detail", message.pk), "message": message.pk,
               "category": message.category}  # fmt: skip
    if not message.is_mail:
        kind = kind.replace("email.", "chat.")
    return Fact(
        message.account_id or message.contact.account_id, kind, text, at, contact_id=message.contact_id,
        channel=message.channel, payload=payload, key=f"{kind}:{message.pk}:{message.attempts}",
    )  # fmt: skip
