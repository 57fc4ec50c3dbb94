"""A ticket that one of ours writes down for somebody: who called, or stood at the desk."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from crm.team.models import User
from crm.tickets import delivering
from crm.tickets.actions.hearing import NewTicket, begin
from crm.tickets.models import Ticket


@transaction.atomic
def log(new: NewTicket, email: str, by: User, now: datetime) -> Ticket:
    """As `hearing.begin`. Where no answer can leave the way they came, it leaves by mail, if their `email` is known."""
    row = begin(new, now, by)
    if email and delivering.refusal(row, now):
        row.reply_channel, row.requester_handle = Ticket.Channel.MAIL, email.lower()
        row.save(update_fields=["reply_channel", "requester_handle"])
    return row
