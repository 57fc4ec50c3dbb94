"""What customers send in chats besides text: a file of its message, once it is fetched; till then the message says that
it comes, or why it does not, and whoever reads it may have it fetched again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Count, Sum
from django.template.defaultfilters import filesizeformat

from crm.inbox import actions as inbox
from crm.inbox.channels import media as providers
from crm.inbox.channels.chat import Medium
from crm.inbox.channels.media import Fetched, wanted
from crm.segments.rules import day_start
from crm.slots import Arrived, Handled
from crm.team.models import User
from crm.tickets.actions.saying import TicketError, lock_where_it_goes_on, put
from crm.tickets.models import Ticket, TicketFile, TicketMessage
from crm.web import clock

#: Of one sender and day so many files, and bytes, are fetched by themselves.
MOST_FILES, MOST_BYTES = 50, 200 * 1024 * 1024
_KEY = "medium:"


class NotYet(Exception):
    """It is tried again later."""


def expect(message: TicketMessage, stored: Iterable[tuple[int, Medium]]) -> None:
    """The message says what of it is still to come, in the transaction that stores it."""
    coming = [{"payload": pk, "label": one.label, "name": one.name[:200], "why": ""} for pk, one in stored]
    if coming:
        message.lacking = coming
        message.save(update_fields=["lacking"])


def fetch(arrived: Arrived) -> Fetched:
    """The fetcher of such payloads: nothing is asked of anybody for a sender who has sent too much in a day."""
    message = TicketMessage.objects.filter(pk=wanted(arrived).message).first()
    if message and (why := _too_much(message, arrived.id)):
        return Fetched(trouble=why)
    return providers.fetch(arrived)


def _too_much(message: TicketMessage, payload: int) -> str:
    """Why it is not fetched by itself, for people; blank: it is, as one that somebody asks for always is."""
    if (_entry(message, payload) or {}).get("asked"):
        return ""
    day = clock.today(message.occurred_at)
    begins, ends = (day_start(one, clock.zone()) for one in (day, day + timedelta(days=1)))
    fetched = TicketFile.objects.filter(
        message__kind=TicketMessage.Kind.IN, message__channel=message.channel,
        message__sender_handle=message.sender_handle, message__occurred_at__gte=begins,
        message__occurred_at__lt=ends, content_id__startswith=_KEY,
    ).aggregate(many=Count("pk"), size=Sum("size"))  # fmt: skip
    if fetched["many"] < MOST_FILES and (fetched["size"] or 0) < MOST_BYTES:
        return ""
    return f"More than {MOST_FILES} files or {filesizeformat(MOST_BYTES)} of one sender and day wait for you to ask."


def receive(arrived: Arrived, now: datetime) -> Handled:
    """The handler of one medium, in the inbox's transaction."""
    asked, key = wanted(arrived), f"{_KEY}{arrived.id}"
    names, got = [asked.handle], arrived.fetched
    message = TicketMessage.objects.filter(pk=asked.message).select_related("ticket").first()
    if message is None:
        return Handled("Its message is gone.", ignored=True, addresses=names)
    if got.trouble and got.may_pass and not arrived.is_last_try:
        raise NotYet(got.trouble)
    row = lock_where_it_goes_on(message.ticket)
    message.refresh_from_db(fields=["ticket", "lacking"])
    others = [one for one in message.lacking if one["payload"] != arrived.id]
    if message.files.filter(content_id=key).exists():
        _keep(row, message, others, now)
        return Handled("It is there already.", ignored=True, addresses=names)
    if got.trouble:
        was = _entry(message, arrived.id) or {"payload": arrived.id, "label": asked.medium.label}
        stays = was | {"name": asked.medium.name[:200], "why": got.trouble}
        stays.pop("asked", None)
        _keep(row, message, sorted([*others, stays], key=lambda one: int(one["payload"])), now)
        return Handled(f"Not fetched: {got.trouble}", ignored=True, addresses=names)
    put(message, ContentFile(got.content, got.name), key)
    _keep(row, message, others, now)
    return Handled(f"A file in ticket #{row.pk}.", addresses=names)


def _entry(message: TicketMessage, payload: int) -> dict[str, Any] | None:
    return next((one for one in message.lacking if one["payload"] == payload), None)


def _keep(row: Ticket, message: TicketMessage, lacking: list[dict[str, Any]], now: datetime) -> None:
    """Pages that are open look again when their ticket has moved."""
    message.lacking, row.updated_at = lacking, now
    message.save(update_fields=["lacking"])
    row.save(update_fields=["updated_at"])


@transaction.atomic
def fetch_again(message: TicketMessage, by: User, now: datetime) -> int:
    """Somebody wants what did not come: it is asked for anew, however much its sender sent. How many files that is.

    Raises TicketError where nothing of it can be asked for any more.
    """
    row = lock_where_it_goes_on(message.ticket)
    message.refresh_from_db(fields=["ticket", "lacking"])
    again, gone = 0, ""
    for one in message.lacking:
        if not one["why"]:
            continue
        try:
            inbox.replay(one["payload"], by, now)
        except inbox.NotPossible as refusal:
            gone = str(refusal)
            continue
        one["why"], one["asked"], again = "", True, again + 1
    if gone and not again:
        raise TicketError(f"It cannot be fetched any more. {gone} Ask for it by mail, or for a link.")
    _keep(row, message, message.lacking, now)
    return again
