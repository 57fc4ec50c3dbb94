"""Somebody told their provider that a mail of ours is unwanted: its address gets no more, and automation rests."""

from __future__ import annotations

import json
from datetime import datetime

from django.db import transaction

from crm.outbox import pressure
from crm.outbox.models import OutboundMessage
from crm.outbox.reported import reported
from crm.outbox.sending.decisions import note
from crm.outbox.sending.mark import tell
from crm.outbox.suppressing import suppress
from crm.slots import Arrived, Handled

#: The verdict of a decision about a message that its reader complained of.
COMPLAINED = "complained"
#: The kind of payload, which the inbox makes of what a provider reports.
KIND = "complaint"


@transaction.atomic
def complained(name: str, address: str, now: datetime) -> OutboundMessage | None:
    """Note it, once: the address gets nothing any more, and its reader nothing automatic by any way for a while.

    `name` and None are as in `reported`.
    """
    message = reported(name, address)
    if message is None:
        return None
    if message.decisions.filter(verdict=COMPLAINED).exists():
        return message
    note(message, COMPLAINED, now, "", f"{address} called it unwanted.", {})
    suppress(address, "Its reader called mail of ours unwanted.", now)
    if message.contact_id:
        pressure.rest(pressure.COMPLAINT, [message.contact_id], f"{message.contact} called mail of ours unwanted.", now)
    tell(message, "email.complained", f"“{message.rendered_subject}” was called unwanted", now)
    return message


def handle(arrived: Arrived, now: datetime) -> Handled:
    """For the inbox."""
    said = json.loads(arrived.body)
    message = complained(str(said["message"]), str(said["address"]), now)
    if message is None:
        return Handled("A complaint about no mail of ours.", ignored=True, addresses=[str(said["address"])])
    return Handled(f"A complaint: message {message.pk} is unwanted.", addresses=[str(said["address"])])
