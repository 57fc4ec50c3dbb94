"""Ways out besides mail: which are set up, what each takes, and why one is closed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

from crm.outbox.channels.bridge import LONGEST as BRIDGED
from crm.outbox.channels.bridge import Bridges
from crm.outbox.channels.calling import LARGEST_FILE
from crm.outbox.channels.instagram import LONGEST as ON_INSTAGRAM
from crm.outbox.channels.instagram import Instagram
from crm.outbox.channels.telegram import LONGEST as ON_TELEGRAM
from crm.outbox.channels.telegram import LONGEST_CAPTION as CAPTION_ON_TELEGRAM
from crm.outbox.channels.telegram import Telegram, length
from crm.outbox.channels.whatsapp import LONGEST as ON_WHATSAPP
from crm.outbox.channels.whatsapp import LONGEST_CAPTION as CAPTION_ON_WHATSAPP
from crm.outbox.channels.whatsapp import LONGEST_PARAMETER, WhatsApp
from crm.outbox.models.policy import CHATS, MailPolicy
from crm.web.bridges import bridges

REDIRECTED = "Mail is redirected while things are tried out, so nothing is sent by {}."
_NOT_SET_UP = "{} is not set up."


@dataclass(frozen=True, slots=True)
class ChatWay:
    """`measure` counts a text in `unit`, of which `longest` go into one message.

    A longer text is refused while it is written, and not cut into several messages: each could fail, be put off or
    stay uncertain by itself, so that half an answer stands there, or its end before its beginning.
    """

    channel: str
    open: Callable[[], Any]  # a Channel with probe()
    is_set_up: Callable[[], bool]
    longest: int
    measure: Callable[[str], int] = len
    unit: str = "characters"
    longest_caption: int = 0  # beside a file; 0: it takes none
    longest_in_template: int = 0  # of what leaves as a template; 0: there are none

    @property
    def label(self) -> str:
        return CHATS[self.channel]

    def objection(self, text: str, sizes: list[int], *, in_template: bool = False) -> str:
        """Why it does not take a message of this text and files of these bytes; blank: it does."""
        if sizes and (in_template or not self.longest_caption):
            where = "in a template" if in_template else "from here"
            return f"Files cannot be sent by {self.label} {where}. Send a link, or answer by mail."
        if len(sizes) > 1 or (sizes and sizes[0] > LARGEST_FILE):
            limit = LARGEST_FILE // 1024**2
            return f"{self.label} takes one file of up to {limit} MB in an answer. Send others in answers of their own."
        longest = self.longest_in_template if in_template else self.longest_caption if sizes else self.longest
        over = self.measure(text.strip()) - longest
        if over > 0:
            where = " in a template" if in_template else " beside a file" if sizes else ""
            return f"{self.label} takes {longest:,} {self.unit}{where}; this has {over:,} too many. Send it in parts."
        return ""


WAYS = {
    way.channel: way
    for way in (
        ChatWay("telegram", Telegram, lambda: bool(settings.TELEGRAM_TOKEN), ON_TELEGRAM, length,
                longest_caption=CAPTION_ON_TELEGRAM),
        ChatWay("whatsapp", WhatsApp, lambda: bool(settings.WHATSAPP_TOKEN and settings.WHATSAPP_PHONE_ID),
                ON_WHATSAPP, longest_caption=CAPTION_ON_WHATSAPP, longest_in_template=LONGEST_PARAMETER),
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
