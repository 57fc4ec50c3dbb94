"""Ways out besides mail: which are set up, what each takes, and why one is closed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

from crm.outbox.channels.bridge import LONGEST as BRIDGED
from crm.outbox.channels.bridge import Bridges
from crm.outbox.channels.instagram import LONGEST as ON_INSTAGRAM
from crm.outbox.channels.instagram import Instagram
from crm.outbox.channels.telegram import LARGEST_FILE, LONGEST_CAPTION, Telegram, length
from crm.outbox.channels.telegram import LONGEST as ON_TELEGRAM
from crm.outbox.channels.whatsapp import LONGEST as ON_WHATSAPP
from crm.outbox.channels.whatsapp import WhatsApp
from crm.outbox.models.policy import CHATS, MailPolicy
from crm.web.bridges import bridges

REDIRECTED = "Mail is redirected while things are tried out, so nothing is sent by {}."
_NOT_SET_UP = "{} is not set up."


@dataclass(frozen=True, slots=True)
class ChatWay:
    """`measure` counts a text in `unit`, of which `longest` go into one message."""

    channel: str
    open: Callable[[], Any]  # a Channel with probe()
    is_set_up: Callable[[], bool]
    longest: int
    measure: Callable[[str], int] = len
    unit: str = "characters"
    takes_file: bool = False

    @property
    def label(self) -> str:
        return CHATS[self.channel]

    def objection(self, text: str, sizes: list[int]) -> str:
        """Why it does not take a message of this text and files of these bytes; blank: it does."""
        longest = LONGEST_CAPTION if sizes else self.longest
        over = self.measure(text.strip()) - longest
        if sizes and not self.takes_file:
            return f"Files cannot be sent by {self.label} from here. Send a link, or answer by mail."
        if len(sizes) > 1 or (sizes and sizes[0] > LARGEST_FILE):
            limit = LARGEST_FILE // 1024**2
            return f"{self.label} takes one file of up to {limit} MB in an answer. Send others in answers of their own."
        if over > 0:
            beside = " beside a file" if sizes else ""
            return f"{self.label} takes {longest:,} {self.unit}{beside}; this has {over:,} too many. Send it in parts."
        return ""


WAYS = {
    way.channel: way
    for way in (
        ChatWay("telegram", Telegram, lambda: bool(settings.TELEGRAM_TOKEN), ON_TELEGRAM, length, takes_file=True),
        ChatWay("whatsapp", WhatsApp, lambda: bool(settings.WHATSAPP_TOKEN and settings.WHATSAPP_PHONE_ID),
                ON_WHATSAPP),
        ChatWay("instagram", Instagram, lambda: bool(settings.INSTAGRAM_TOKEN and settings.INSTAGRAM_ACCOUNT_ID),
                ON_INSTAGRAM, lambda text: len(text.encode()), "bytes"),
        ChatWay("bridge", Bridges, lambda: any(one.url for one in bridges().values()), BRIDGED),
    )
}  # fmt: skip


def open_ways() -> list[ChatWay]:
    return [way for way in WAYS.values() if way.is_set_up()]


def idempotent_for(channel: str) -> timedelta | None:
    found: timedelta | None = WAYS[channel].open().idempotent_for
    return found


def closed(mode: str) -> dict[str, str]:
    """By channel why nothing leaves there whatever it is, as the policy's mode stands."""
    found = {way.channel: _NOT_SET_UP.format(way.label) for way in WAYS.values() if not way.is_set_up()}
    if mode == MailPolicy.Mode.LIVE:
        return found
    why = REDIRECTED if mode == MailPolicy.Mode.REDIRECT else "Mail is on hold, and what leaves by {} with it."
    return {channel: found.get(channel) or why.format(label) for channel, label in CHATS.items()}
