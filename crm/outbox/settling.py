"""What a person can do about a message: call it off, try it again, say what became of it. Kept with their name."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.outbox.models import OutboundMessage
from crm.outbox.sending.letters import note, requeued
from crm.outbox.sending.outcomes import settle, tell
from crm.team.models import User

State = OutboundMessage.State


class NotPossible(ValueError):
    """The message is no longer in a state that allows it."""


@transaction.atomic
def cancel(pk: int, reason: str, by: User, now: datetime) -> None:
    """A planned message is not sent. Raises NotPossible, also when it is just leaving."""
    message = _in(pk, State.DUE, "It cannot be called off any more: it is no longer planned.")
    settle(message, State.CANCELLED, now, reason or "Called off.", by_id=by.pk)


@transaction.atomic
def requeue(pk: int, reason: str, by: User, now: datetime) -> None:
    """A failed message is tried again, with as many attempts as a new one. Raises NotPossible."""
    _again(_in(pk, State.FAILED, "Only failed messages can be tried again."), reason or "Try again.", by, now)


@transaction.atomic
def resend(pk: int, reason: str, by: User, now: datetime) -> None:
    """An uncertain message is sent once more; its reader may get it twice. Raises NotPossible."""
    _again(_in(pk, State.UNCERTAIN, "Only uncertain messages can be sent again."), reason, by, now)


@transaction.atomic
def settle_as_sent(pk: int, reason: str, by: User, now: datetime) -> None:
    """Somebody knows that an uncertain message did leave. Raises NotPossible."""
    message = _in(pk, State.UNCERTAIN, "Only uncertain messages can be settled as sent.")
    settle(message, State.SENT, now, reason, by_id=by.pk, verdict="settled")
    tell(message, "email.sent", f"Sent “{message.rendered_subject}”", now)


def _in(pk: int, state: str, otherwise: str) -> OutboundMessage:
    rows = OutboundMessage.objects.select_for_update(of=("self",)).select_related("contact")
    message = rows.filter(pk=pk, state=state).first()
    if message is None:
        raise NotPossible(otherwise)
    return message


def _again(message: OutboundMessage, reason: str, by: User, now: datetime) -> None:
    requeued(message)
    message.state, message.due_at, message.settled_at, message.sending_at = State.DUE, now, None, None
    message.guard, message.reason = "", reason[:300]
    message.save()
    note(message, "requeued", now, "", reason, {}, by.pk)
