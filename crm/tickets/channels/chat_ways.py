"""How answers leave in chats, by the rules of each: on some people are written to only for a day after they wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max

from crm.outbox.channels import chats, instagram, whatsapp
from crm.outbox.models import CHATS, MailPolicy, OutboundMessage, Suppression
from crm.slots import Refusal
from crm.tickets.channels.chat import PUBLIC
from crm.tickets.delivering import ORIGIN, Composed, Way
from crm.tickets.models import Ticket, TicketMessage
from crm.web import wording
from crm.web.bridges import bridges

#: Meta's rule for both: free text for so long after the customer's last message, to the moment.
WINDOW = timedelta(hours=24)
_WINDOWED = {"whatsapp": whatsapp.WINDOW_IS_OVER, "instagram": instagram.WINDOW_IS_OVER}

_EMPHASIS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_LINK = re.compile(r"\[([^\]\n]+)\]\((https?://[^)\s]+)\)")


def refuses(ticket: Ticket, now: datetime) -> str:
    """Why nothing can leave; blank: it can."""
    channel = ticket.reply_channel
    if because := chats.closed(MailPolicy.Mode.LIVE).get(channel):
        return f"{because} An admin sets it up under Settings, Channels; till then write a note, or call."
    if not ticket.requester_handle:
        return f"Nobody knows where this came from on {CHATS[channel]}. Write a note, or call."
    name = OutboundMessage(channel=channel).reached_as(ticket.requester_handle)
    if suppressed := Suppression.among([name]).get(name):
        return f"{ticket.requester} cannot be written to by {CHATS[channel]}: {suppressed.reason}"
    if channel == "bridge" and (because := _takes_nothing(ticket.requester_handle)):
        return because
    if channel == "whatsapp" and settings.WHATSAPP_TEMPLATE:
        return ""
    return _window_is_over(channel, ticket.requester_handle, now)


def _takes_nothing(handle: str) -> str:
    name = handle.partition(":")[0]
    bridge = bridges().get(name)
    return "" if bridge and bridge.url else f"The bridge {name} takes no answers: in BRIDGES it has no url."


def _window_is_over(channel: str, handle: str, now: datetime) -> str:
    """Why free text is not taken any more, with what can be done; blank: it is."""
    if channel not in _WINDOWED:
        return ""
    last = last_said(channel, [handle]).get(handle)
    if last and now - last <= WINDOW:
        return ""
    when = f"that was {wording.length(now - last)} ago" if last else "and they have written none"
    remedy = "Answer by mail, or call; or wait until they write again."
    if channel == "whatsapp":
        remedy = f"Name a template that Meta has approved in WHATSAPP_TEMPLATE. {remedy}"
    return f"{_WINDOWED[channel].removesuffix('.')}; {when}. {remedy}"


def last_said(channel: str, handles: Iterable[str]) -> dict[str, datetime]:
    """When each wrote last; what they wrote in public, or one of ours wrote down for them, opens no conversation."""
    rows = TicketMessage.objects.filter(kind=TicketMessage.Kind.IN, channel=channel, sender_handle__in=list(handles))
    rows = rows.exclude(external_key=None).exclude(external_key__startswith=PUBLIC).order_by()
    return dict(rows.values_list("sender_handle").annotate(last=Max("occurred_at")))


def compose(ticket: Ticket, message: TicketMessage) -> Composed:
    """As plain text, which is what chats show. When WhatsApp's day is over it leaves as the template."""
    templated = _leaves_as_template(ticket, message.occurred_at)
    beside: dict[str, Any] = {"template": settings.WHATSAPP_TEMPLATE} if templated else {}
    return Composed(ticket.subject, plain(message.text), beside=beside)


def _leaves_as_template(ticket: Ticket, now: datetime) -> bool:
    channel = ticket.reply_channel
    return channel == "whatsapp" and bool(_window_is_over(channel, ticket.requester_handle, now))


def objection(ticket: Ticket, now: datetime, text: str, sizes: list[int]) -> str:
    """Why this does not go into one message, counted as it leaves; blank: it does."""
    way = chats.WAYS[ticket.reply_channel]
    return way.objection(plain(text), sizes, in_template=_leaves_as_template(ticket, now))


def plain(text: str) -> str:
    """Markdown without its marks, but for those that read well as they are."""
    return _LINK.sub(r"\1 (\2)", _EMPHASIS.sub(r"\2", text))


def way(channel: str) -> Way:
    return Way(channel, CHATS[channel], refuses, compose, objection, chats.WAYS[channel].is_set_up)


def guard(messages: Sequence[Any], now: datetime) -> dict[int, Refusal]:
    """The day may end between writing and leaving, as when something was on hold."""
    refused: dict[int, Refusal] = {}
    for channel, over in _WINDOWED.items():
        leaving = [m for m in messages if m.channel == channel and m.origin == ORIGIN and "template" not in m.facts]
        last = last_said(channel, [m.addressed_to for m in leaving]) if leaving else {}
        for message in leaving:
            at = last.get(message.addressed_to)
            if at is None or now - at > WINDOW:
                refused[message.pk] = Refusal("window", f"{over} Answer by mail, or call.", {"last": at})
    return refused
