"""What a person can do about a message: call it off, try it again, say what became of it. Kept with their name."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.outbox.models import OutboundMessage, Suppression
from crm.outbox.sending.decisions import note, requeued
from crm.outbox.sending.mark import settle, tell
from crm.team.models import User

State = OutboundMessage.State

#: The decision that took a failed message out of sight; what it was stands in its facts.
DISMISSED = "dismissed"
#: The guard of a sent message that no sender of ours saw leave: a person said that it did.
BY_HAND = "by-hand"


class NotPossible(ValueError):
    """The message is no longer in a state that allows it."""


@transaction.atomic
def cancel(pk: int, reason: str, by: User | None, now: datetime) -> None:
    """A planned message is not sent. Raises NotPossible, also when it is just leaving."""
    message = _in(pk, State.DUE, "It cannot be called off any more: it is no longer planned.")
    settle(message, State.CANCELLED, now, reason or "Called off.", by_id=by.pk if by else None)


@transaction.atomic
def requeue(pk: int, reason: str, by: User, now: datetime) -> None:
    """A failed message is tried again, with as many attempts as a new one.

    Raises NotPossible, also while its address gets no mail: the guard would skip it at once.
    """
    message = _in(pk, State.FAILED, "Only failed messages can be tried again.")
    if suppressed := suppression_of(message):
        raise NotPossible(f"{suppressed} gets no mail any more: {suppressed.reason} Lift that first.")
    _again(message, reason or "Try again.", by, now)


@transaction.atomic
def readmit(pk: int, reason: str, by: User, now: datetime) -> None:
    """The address of a failed message gets mail again, and the message is tried again. Raises NotPossible."""
    message = _in(pk, State.FAILED, "Only failed messages can be tried again.")
    if suppressed := suppression_of(message):
        suppressed.delete()
        kept = {"address": suppressed.address, "reason": suppressed.reason}
        note(message, "readmitted", now, "", f"{suppressed} gets mail again. {reason}", kept, by.pk)
    _again(message, reason, by, now)


def suppression_of(message: OutboundMessage) -> Suppression | None:
    """Why the address that it would go to gets nothing, if so."""
    reader = message.contact or message.user
    address = message.addressed_to or (reader.email if reader else message.to_address) or ""
    name = message.reached_as(address)
    return Suppression.among([name]).get(name) if name else None


@transaction.atomic
def dismiss(pk: int, reason: str, by: User, now: datetime) -> None:
    """Nobody needs a failed message any more. Raises NotPossible."""
    message = _in(pk, State.FAILED, "Only failed messages can be discarded.")
    was = {"reason": message.reason, "guard": message.guard, "settled_at": message.settled_at}
    message.state, message.settled_at, message.reason, message.guard = State.CANCELLED, now, reason[:300], ""
    message.save(update_fields=["state", "settled_at", "reason", "guard"])
    note(message, DISMISSED, now, "", reason, was, by.pk)


@transaction.atomic
def restore(pk: int, reason: str, by: User, now: datetime) -> None:
    """A discarded message is a failed one again, as it was. Raises NotPossible."""
    message = _in(pk, State.CANCELLED, "Only discarded messages can be restored.")
    last = message.decisions.order_by("-id").first()
    if last is None or last.verdict != DISMISSED:
        raise NotPossible("Only discarded messages can be restored.")
    was = last.facts
    message.state, message.reason, message.guard = State.FAILED, was["reason"], was["guard"]
    message.settled_at = datetime.fromisoformat(was["settled_at"]) if was["settled_at"] else None
    message.save(update_fields=["state", "settled_at", "reason", "guard"])
    note(message, "restored", now, "", reason or "Not discarded after all.", {}, by.pk)


@transaction.atomic
def resend(pk: int, reason: str, by: User, now: datetime) -> None:
    """An uncertain message is sent once more; its reader may get it twice. Raises NotPossible."""
    _again(_in(pk, State.UNCERTAIN, "Only uncertain messages can be sent again."), reason, by, now)


@transaction.atomic
def settle_as_sent(pk: int, reason: str, by: User, now: datetime) -> None:
    """Somebody knows that an uncertain message did leave. Raises NotPossible."""
    message = _in(pk, State.UNCERTAIN, "Only uncertain messages can be settled as sent.")
    settle(message, State.SENT, now, reason, by_id=by.pk, verdict="settled")
    message.guard = BY_HAND
    message.save(update_fields=["guard"])
    tell(message, "email.sent", f"Sent “{message.rendered_subject}”", message.sending_at or now)


def _in(pk: int, state: str, otherwise: str) -> OutboundMessage:
    rows = OutboundMessage.objects.select_for_update(of=("self",))
    message = rows.filter(pk=pk, state=state).first()
    if message is None:
        raise NotPossible(otherwise)
    return message


def _again(message: OutboundMessage, reason: str, by: User, now: datetime) -> None:
    requeued(message)
    if message.state == State.UNCERTAIN and message.sending_at:  # the cap goes on counting this copy
        message.left_before = [*(message.left_before or []), message.sending_at]
    message.state, message.due_at, message.settled_at = State.DUE, now, None
    message.resend_until = None
    message.guard, message.reason = "", reason[:300]
    message.save()
    note(message, "requeued", now, "", reason, {}, by.pk)
