"""Entries of public forms become tickets: stored raw like all that comes in, and read by a worker."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crm.correspondence.filing import contacts_by
from crm.correspondence.reading.headers import fit
from crm.inbox import actions
from crm.slots import Arrived, Handled
from crm.tickets.acknowledging import acknowledge
from crm.tickets.actions.hearing import NewTicket, begin
from crm.tickets.actions.saying import Brought, Said
from crm.tickets.channels import matching
from crm.tickets.models import Ticket, TicketCategory, TicketForm, TicketMessage

#: The kind of such payloads, and their source.
KIND = "form"


def store(shown: TicketForm, told: Mapping[str, Any], number: str, now: datetime) -> bool:
    """Keep what somebody filled in. False: this form was sent before."""
    files = [{"name": one.name, "content": b64encode(one.read()).decode()} for one in told.get("files") or []]
    category = told.get("category")
    body = {
        "form": shown.pk, "name": fit(told.get("name", "")), "email": told["email"].lower(),
        "subject": fit(told.get("subject", "")), "category": category and category.pk, "text": fit(told["text"]),
        "files": files,
    }  # fmt: skip
    headers = {"form": shown.slug, "from": body["email"]}
    return actions.store(KIND, KIND, number, json.dumps(body).encode(), headers, now) is not None


def take(arrived: Arrived, now: datetime) -> Handled:
    """The handler of such payloads, in the inbox's transaction."""
    told = json.loads(arrived.body)
    address, key = told["email"], f"form:{arrived.id}"
    if TicketMessage.objects.filter(channel=Ticket.Channel.FORM, external_key=key).exists():
        return Handled("It is there already.", ignored=True, addresses=[address])
    if matching.is_blocked(address):
        return Handled("Its sender is blocked.", ignored=True, addresses=[address])
    shown = TicketForm.objects.select_related("category", "team").filter(pk=told["form"]).first()
    chosen = TicketCategory.objects.filter(pk=told["category"]).first() if told["category"] else None
    said = Said(
        told["text"], Ticket.Channel.FORM, arrived.received_at, contacts_by([address]).get(address), told["name"],
        address, told["subject"], key, proven=False, payload_id=arrived.id,
        files=[Brought(one["name"], b64decode(one["content"])) for one in told["files"]],
    )  # fmt: skip
    category = chosen or (shown.category if shown else None)
    row = begin(NewTicket(told["subject"], said, category=category, team=shown.team if shown else None), now)
    acknowledge(row, row.messages.get(external_key=key), now)
    return Handled(f"Ticket #{row.pk} begins.", addresses=[address])
