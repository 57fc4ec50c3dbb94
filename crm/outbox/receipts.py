"""A provider says later what became of a message that it had taken: delivered, read, or failed after all."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.outbox.models import CHATS, OutboundMessage
from crm.outbox.sending.decisions import note
from crm.outbox.sending.mark import settle, tell

State = OutboundMessage.State

DELIVERED, READ, FAILED = "delivered", "read", "failed"
_WORDS = {DELIVERED: "It was delivered.", READ: "It was read."}


class NotYet(Exception):
    """The message may be one that is just leaving: ask again when that is noted."""


@transaction.atomic
def received(
    channel: str, status: str, at: datetime, now: datetime, *, provider_id: str = "", message_id: str = "",
    reason: str = "",
) -> OutboundMessage | None:  # fmt: skip
    """Note it, once for each status. Whoever knows a message has taken it: one of which nobody knew was sent.

    None: no message of ours is known by either id. Raises NotYet.
    """
    message = _known(channel, provider_id, message_id)
    if message is None or message.state == State.SENDING:
        if message or OutboundMessage.objects.filter(state=State.SENDING, channel=channel).exists():
            raise NotYet("A message is just leaving; this is read again when that is noted.")
        return None
    if message.state == State.UNCERTAIN:
        message.provider_id = provider_id or message.provider_id
        message.save(update_fields=["provider_id"])
        settle(message, State.SENT, now, f"{CHATS[channel]} says that it took it.")
        tell(message, "email.sent", f"Sent “{message.title}”", message.sending_at or now)
    if status == FAILED and message.state == State.SENT:
        settle(message, State.FAILED, now, f"{CHATS[channel]} could not deliver it: {reason or 'it says not why'}")
        tell(
            message,
            "email.failed",
            f"“{message.title}” was not delivered: {reason or 'it is not known why'}"[:300],
            now,
        )
    elif status in _WORDS and not message.decisions.filter(verdict=status).exists():
        note(message, status, at, "", _WORDS[status], {})
    return message


def _known(channel: str, provider_id: str, message_id: str) -> OutboundMessage | None:
    rows = OutboundMessage.objects.select_for_update(of=("self",), no_key=True)
    rows = rows.filter(channel=channel).exclude(channel=OutboundMessage.MAIL)
    found = rows.filter(message_id=message_id).first() if message_id else None
    return found or (rows.filter(provider_id=provider_id).first() if provider_id else None)
