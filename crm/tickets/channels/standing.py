"""How each chat stands: what is set up, what came and went last, what went wrong, and how to set it up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Max

from crm.inbox.channels import bridge, meta, telegram
from crm.inbox.models import InboundPayload
from crm.outbox import stopping
from crm.outbox.channels import chats
from crm.outbox.models import CHATS, OutboundMessage
from crm.tickets.models import Ticket
from crm.web.bridges import bridges

#: Payloads that are looked at for the last one of each channel: who has had more since shows none.
_LOOKED_AT = 5000


@dataclass(slots=True)
class Standing:
    channel: str
    hears: bool  # what comes in is taken
    sends: bool
    missing: list[str]  # settings
    steps: list[tuple[str, str]]  # what to do, and what to paste there
    kept: str = ""  # why nothing leaves though it is set up
    paused: bool = False
    came_at: datetime | None = None
    went: OutboundMessage | None = None
    trouble_in: tuple[int, str] | None = None  # a parked payload, and its error
    trouble_out: OutboundMessage | None = None
    names: list[str] = field(default_factory=list)  # of bridges

    @property
    def label(self) -> str:
        return CHATS[self.channel]

    @property
    def icon(self) -> str:
        return Ticket.ICONS[self.channel]

    @property
    def tone(self) -> str:
        return "good" if self.hears and self.sends else "warn" if self.hears or self.sends else ""

    @property
    def words(self) -> str:
        if self.hears and self.sends:
            return "Set up"
        return "Hears, but cannot answer" if self.hears else "Sends, but hears nothing" if self.sends else "Not set up"


def standings() -> list[Standing]:
    """One for each channel, in a handful of queries."""
    found = {channel: _of_settings(channel) for channel in CHATS}
    _add_what_came(found)
    _add_what_went(found)
    stops = stopping.now_thrown()
    thrown = {switch.scope for switch in stops.switches}
    for channel, one in found.items():
        one.paused = f"channel:{channel}" in thrown
        one.kept = (stops.everything or stops.channels.get(channel, "")) if one.sends else ""
    return list(found.values())


def _of_settings(channel: str) -> Standing:
    names = sorted(bridges()) if channel == "bridge" else []
    missing = [name for name in _SETTINGS[channel] if not getattr(settings, _KEPT_AS.get(name, name))]
    sends = chats.WAYS[channel].is_set_up()
    return Standing(channel, hears(channel), sends, missing, _steps(channel, names), names=names)


def hears(channel: str) -> bool:
    """Whether what comes in there is taken."""
    if channel == "telegram":
        return telegram.is_open()
    return meta.APPS[channel].is_open if channel in meta.APPS else bool(bridges())


def _add_what_came(found: dict[str, Standing]) -> None:
    last = InboundPayload.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    lately = InboundPayload.objects.filter(pk__gt=last - _LOOKED_AT).order_by()
    for source, at in lately.values_list("source").annotate(Max("received_at")):
        if one := _of_source(found, source):
            one.came_at = max(filter(None, (one.came_at, at)))
    parked = InboundPayload.objects.filter(state=InboundPayload.State.FAILED).order_by("-id")
    for pk, source, error in parked.values_list("pk", "source", "error")[:100]:
        one = _of_source(found, source)
        if one and one.trouble_in is None:
            one.trouble_in = (pk, error)


def _of_source(found: dict[str, Standing], source: str) -> Standing | None:
    return found.get("bridge" if source.startswith(bridge.source("")) else source)


def _add_what_went(found: dict[str, Standing]) -> None:
    rows = OutboundMessage.objects.exclude(channel=OutboundMessage.MAIL).defer("rendered_body")
    latest = [rows.filter(channel=channel, state="sent").order_by("-id")[:1] for channel in found]
    for message in _together(latest):
        found[message.channel].went = message
    eyes = OutboundMessage.objects.needing_eyes().exclude(channel=OutboundMessage.MAIL).order_by("-id")
    for message in eyes.defer("rendered_body")[:50]:
        found[message.channel].trouble_out = found[message.channel].trouble_out or message


def _together(parts: list[Any]) -> Iterable[OutboundMessage]:
    found: Iterable[OutboundMessage] = parts[0].union(*parts[1:], all=True)
    return found


# How it is set up -----------------------------------------------------------------------------------------------------

_SETTINGS = {
    "telegram": ("TELEGRAM_TOKEN", "TELEGRAM_SECRET", "TELEGRAM_BOT"),
    "whatsapp": ("WHATSAPP_TOKEN", "WHATSAPP_PHONE_ID", "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN"),
    "instagram": ("INSTAGRAM_TOKEN", "INSTAGRAM_ACCOUNT_ID", "INSTAGRAM_APP_SECRET", "INSTAGRAM_VERIFY_TOKEN"),
    "bridge": ("BRIDGES",),
}
_KEPT_AS = {name: f"{name}S" for name in ("TELEGRAM_SECRET", "WHATSAPP_APP_SECRET", "INSTAGRAM_APP_SECRET")}


def _steps(channel: str, names: list[str]) -> list[tuple[str, str]]:
    hook = f"{settings.BASE_URL}/hooks/{channel}/"
    if channel == "telegram":
        call = (
            f"curl '{settings.TELEGRAM_API_URL}/bot<TELEGRAM_TOKEN>/setWebhook' -d 'url={hook}'"
            """ -d 'secret_token=<TELEGRAM_SECRET>' -d 'allowed_updates=["message","edited_message"]'"""
        )
        return [
            ("Write /newbot to @BotFather in Telegram. Its token is TELEGRAM_TOKEN, its name TELEGRAM_BOT.", ""),
            ("Make up a TELEGRAM_SECRET of letters, digits, _ and -, and restart Holdfast with all three.", ""),
            ("Tell Telegram where to post what people write, once:", call),
        ]
    if channel == "bridge":
        return [
            ("Name it in BRIDGES, with the secret both sides sign with, and where it takes answers.",
             "BRIDGES=linkedin?secret=whsec_…&url=https://bridge.example/out"),
            *((f"The bridge {name} posts signed webhooks (Standard Webhooks) to:", f"{hook}{name}/")
              for name in names or ["<name>"]),
        ]  # fmt: skip
    fields = {"whatsapp": "messages", "instagram": "messages, messaging_seen, comments"}[channel]
    prefix, ours = channel.upper(), {"whatsapp": "PHONE_ID", "instagram": "ACCOUNT_ID"}[channel]
    return [
        (f"Make an app at developers.facebook.com with {CHATS[channel]}: its secret is {prefix}_APP_SECRET, a permanent"
         f" token {prefix}_TOKEN, and the id of the number or account {prefix}_{ours}.", ""),
        (f"Make up a {prefix}_VERIFY_TOKEN, and restart Holdfast with all four.", ""),
        ("In the app, under Webhooks, paste the callback URL, and the same verify token:", hook),
        ("There, subscribe to these webhook fields:", fields),
    ]  # fmt: skip
