"""What customers send in chats besides text: a file of its message, once it is fetched; else a note says why not."""

from __future__ import annotations

from datetime import datetime

from django.core.files.base import ContentFile

from crm.inbox.channels.media import Fetched, Wanted, wanted
from crm.slots import Arrived, Handled
from crm.tickets.actions.saying import lock_where_it_goes_on, put
from crm.tickets.models import Ticket, TicketMessage


class NotYet(Exception):
    """It is tried again later."""


def receive(arrived: Arrived, now: datetime) -> Handled:
    """The handler of one medium, in the inbox's transaction."""
    asked, key = wanted(arrived), f"medium:{arrived.id}"
    names, got = [asked.handle], arrived.fetched
    message = TicketMessage.objects.filter(pk=asked.message).select_related("ticket").first()
    if message is None:
        return Handled("Its message is gone.", ignored=True, addresses=names)
    row = lock_where_it_goes_on(message.ticket)
    message.refresh_from_db(fields=["ticket"])
    if message.files.filter(content_id=key).exists():
        return Handled("It is there already.", ignored=True, addresses=names)
    if got.trouble and got.may_pass and not arrived.is_last_try:
        raise NotYet(got.trouble)
    row.updated_at = now
    row.save(update_fields=["updated_at"])
    if got.trouble:
        _say_why(row, asked, got, key, now)
        return Handled(f"Not fetched: {got.trouble}", ignored=True, addresses=names)
    put(message, ContentFile(got.content, got.name), key)
    TicketMessage.objects.filter(channel=asked.channel, external_key=key).delete()
    return Handled(f"A file in ticket #{row.pk}.", addresses=names)


def _say_why(row: Ticket, asked: Wanted, got: Fetched, key: str, now: datetime) -> None:
    """Among ourselves, beside the message that stands for it. A file that is fetched after all takes its place."""
    called = f" “{asked.medium.name}”" if asked.medium.name else ""
    text = f"{asked.medium.label}{called} of theirs is not here. {got.trouble} Ask for it by mail, or for a link."
    if not TicketMessage.objects.filter(channel=asked.channel, external_key=key).exists():
        row.messages.create(
            kind=TicketMessage.Kind.NOTE, channel=asked.channel, text=text, occurred_at=now, created_at=now,
            external_key=key,
        )  # fmt: skip
