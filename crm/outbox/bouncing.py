"""A mail server says later that it could not deliver what it had taken."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.outbox.models import OutboundMessage
from crm.outbox.sending.decisions import note
from crm.outbox.sending.mark import tell
from crm.outbox.suppressing import suppress

#: The verdict of a decision about a message that came back.
BOUNCED = "bounced"


@transaction.atomic
def bounced(message_id: str, address: str, said: str, now: datetime, *, no_mailbox: bool) -> OutboundMessage | None:
    """Note that a message came back, once; with `no_mailbox` its address gets nothing any more.

    `message_id` is without brackets. None: no message of ours has gone to that address under this id, so that nobody
    can suppress others' addresses by reports that they make up.
    """
    rows = OutboundMessage.objects.select_for_update(of=("self",), no_key=True)
    message = rows.filter(message_id=f"<{message_id}>").first()
    if message is None or not message.to_address or message.to_address.lower() != address.lower():
        return None
    if message.decisions.filter(verdict=BOUNCED).exists():
        return message
    note(message, BOUNCED, now, "", f"It came back: {said or 'the mail server says not why'}"[:300], {})
    if no_mailbox:
        suppress(address, f"Mail came back: {said}"[:200], now)
    tell(message, "email.bounced", f"“{message.rendered_subject}” came back: {said or 'not delivered'}"[:300], now)
    return message
