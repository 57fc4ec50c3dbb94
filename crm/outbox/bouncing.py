"""A mail server says later that it could not deliver what it had taken."""

from __future__ import annotations

import json
import re
from datetime import datetime

from django.db import transaction

from crm.outbox.models import OutboundMessage
from crm.outbox.reported import reported
from crm.outbox.rules import NO_MAILBOX
from crm.outbox.sending.decisions import note
from crm.outbox.sending.mark import tell
from crm.outbox.suppressing import suppress
from crm.slots import Arrived, Handled

#: The verdict of a decision about a message that came back.
BOUNCED = "bounced"
#: The kind of payload, which the inbox makes of what a provider reports.
KIND = "bounce"
_STATUS = re.compile(r"\b5\.\d{1,3}\.\d{1,3}\b")


@transaction.atomic
def bounced(name: str, address: str, said: str, now: datetime, *, no_mailbox: bool) -> OutboundMessage | None:
    """Note that a message came back, once; with `no_mailbox` its address gets nothing any more.

    `name` and None are as in `reported`.
    """
    message = reported(name, address)
    if message is None:
        return None
    if message.decisions.filter(verdict=BOUNCED).exists():
        return message
    note(message, BOUNCED, now, "", f"It came back: {said or 'the mail server says not why'}"[:300], {})
    if no_mailbox:
        suppress(address, f"Mail came back: {said}"[:200], now)
    tell(message, "email.bounced", f"“{message.rendered_subject}” came back: {said or 'not delivered'}"[:300], now)
    return message


def handle(arrived: Arrived, now: datetime) -> Handled:
    """For the inbox."""
    said = json.loads(arrived.body)
    address = str(said["address"])
    words = str(said["said"])
    gone = said["invalid"] or not NO_MAILBOX.isdisjoint(_STATUS.findall(words))
    message = bounced(str(said["message"]), address, words, now, no_mailbox=bool(gone))
    if message is None:
        return Handled("No mail of ours came back.", ignored=True, addresses=[address])
    return Handled(f"Message {message.pk} came back.", addresses=[address])
