"""Who writes in a chat: people are known by their handle there, and become known in one of four ways.

Somebody of ours chooses the person for a ticket; they write from a telephone number that one person on record has; a
bridge says their address; or they follow a link of theirs to our Telegram bot, which says who they are.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac

from crm.accounts.matching.rules import phone_key
from crm.accounts.models import Contact, ContactHandle
from crm.inbox.channels.chat import Chat
from crm.outbox.models import CHATS
from crm.team.models import User
from crm.tickets.models import Ticket
from crm.web import clock

#: Days for which a link to the bot says who somebody is.
LINK_DAYS = 30
_EPOCH = date(2020, 1, 1)


def person_of(chat: Chat, now: datetime) -> Contact | None:
    """Whoever writes, if they are on record; from then on they are known by their handle."""
    if found := ContactHandle.holder(chat.channel, chat.handle):
        return found
    found = _by_number(chat.phone) or _by_address(chat.email)
    if found:
        know(found, chat.channel, chat.handle, chat.name, None, now)
    return found


def _by_number(written: str) -> Contact | None:
    """The one person who has it: of two nobody knows which."""
    key = phone_key(written) if written else ""
    people = list(Contact.objects.filter(match_phone=key).select_related("account")[:2]) if key else []
    return people[0] if len(people) == 1 else None


def _by_address(address: str) -> Contact | None:
    return Contact.objects.filter(email=address).select_related("account").first() if address else None


def know(contact: Contact, channel: str, handle: str, name: str, by: User | None, now: datetime) -> dict[str, Any]:
    """The handle is this person's from now on. Returns what `unknow` needs; empty if it was theirs already."""
    row = ContactHandle.objects.select_for_update().filter(channel=channel, handle=handle).first()
    if row and row.contact_id == contact.pk:
        return {}
    was = row.contact_id if row else None
    ContactHandle.objects.update_or_create(
        channel=channel, handle=handle,
        defaults={"contact": contact, "name": name[:120], "linked_at": now, "linked_by": by},
    )  # fmt: skip
    return {"channel": channel, "handle": handle, "was": was}


def unknow(done: dict[str, Any]) -> None:
    """The handle is whose it was before, or nobody's."""
    row = ContactHandle.objects.filter(channel=done["channel"], handle=done["handle"])
    if done["was"] and Contact.objects.filter(pk=done["was"]).exists():
        row.update(contact=done["was"])
    else:
        row.delete()


def link_handle(ticket: Ticket, contact: Contact, by: User | None, now: datetime) -> dict[str, Any]:
    """Somebody chose the person for a ticket: what the ticket came from in a chat is theirs.

    Called by `crm.tickets.actions.requesting.choose`, which keeps what it returns for `unknow`; empty: nothing to undo.
    """
    if ticket.reply_channel not in CHATS or not ticket.requester_handle:
        return {}
    return know(contact, ticket.reply_channel, ticket.requester_handle, ticket.requester_name, by, now)


# Links to the bot -----------------------------------------------------------------------------------------------------


def link_token(contact_id: int, today: date) -> str:
    """What Telegram hands on when somebody follows their link: at most 64 of its characters."""
    told = f"{contact_id}-{(today - _EPOCH).days}"
    return f"{told}-{_signature(told)}"


def linked(token: str, today: date) -> Contact | None:
    """Whose link it is; None for one that is made up or too old."""
    pk, _, rest = token.partition("-")
    day, _, signature = rest.partition("-")
    if not (pk.isdecimal() and day.isdecimal() and pk.isascii() and day.isascii() and len(pk) < 19 and len(day) < 6):
        return None
    if not constant_time_compare(signature, _signature(f"{pk}-{day}")):
        return None
    age = today - (_EPOCH + timedelta(days=int(day)))
    if not timedelta(0) <= age <= timedelta(days=LINK_DAYS):
        return None
    return Contact.objects.filter(pk=int(pk)).select_related("account").first()


def _signature(told: str) -> str:
    mac = salted_hmac("holdfast.telegram.link", told, algorithm="sha256").digest()[:18]
    return urlsafe_b64encode(mac).decode()


def panel(contact: Contact, request: HttpRequest) -> dict[str, Any] | None:
    """Chats of a person on their page, and their link to the bot."""
    found = [(CHATS.get(row.channel, row.channel), row) for row in contact.handles.order_by("channel", "pk")]
    bot = settings.TELEGRAM_BOT and not any(row.channel == "telegram" for _, row in found)
    if not found and not bot:
        return None
    token = link_token(contact.pk, clock.today(clock.now())) if bot else ""
    link = f"https://t.me/{settings.TELEGRAM_BOT}?start={token}" if bot else ""
    return {"handles": found, "telegram_link": link, "link_days": LINK_DAYS}
