"""WhatsApp and Instagram, which one house sends: a handshake once, then signed requests with many things in each."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from crm.inbox import actions
from crm.inbox.channels.chat import (
    Chat,
    Forged,
    Medium,
    Receipt,
    is_one_of,
    moment,
    number,
    shown,
    store,
    thing,
    things,
    words,
)
from crm.slots import Arrived, Handled

_SIGNATURE = "X-Hub-Signature-256"

_KINDS = {
    "image": "Photo", "video": "Video", "audio": "Voice message", "document": "File", "file": "File",
    "sticker": "Sticker", "location": "Location", "contacts": "Contact", "share": "Shared post", "reel": "Reel",
    "ig_reel": "Reel", "story_mention": "Mention in a story", "order": "Order",
}  # fmt: skip
_UNSHOWN = "Something that is not handed on"
#: Of these, what is a file that can be fetched, and how many of one message are.
_MOST_MEDIA = 10
_FILES = frozenset({"image", "video", "audio", "document", "file"})

type Found = Iterator[Chat | Receipt]


@dataclass(frozen=True, slots=True)
class App:
    """One of the two, as it is set up; `entries` reads what one entry of a request holds."""

    source: str
    entries: Callable[[dict[str, Any], datetime], Found]

    @property
    def kind(self) -> str:
        return f"{self.source}.hook"

    @property
    def is_open(self) -> bool:
        return bool(self._secrets)

    @property
    def _secrets(self) -> list[str]:
        found: list[str] = getattr(settings, f"{self.source.upper()}_APP_SECRETS")
        return found

    def shake(self, asked: Mapping[str, str]) -> str:
        """What the handshake is answered with. Raises Forged."""
        token: str = getattr(settings, f"{self.source.upper()}_VERIFY_TOKEN")
        given, challenge = asked.get("hub.verify_token", ""), asked.get("hub.challenge", "")
        if asked.get("hub.mode") != "subscribe" or not token or not is_one_of([token], given):
            raise Forged("hub.verify_token is missing or another.")
        if not challenge or len(challenge) > 200 or not challenge.isprintable():
            raise Forged("hub.challenge is missing.")
        return challenge

    def take(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        """Store a request. Raises Forged, with nothing stored."""
        wanted = [hmac.new(one.encode(), body, hashlib.sha256).hexdigest() for one in self._secrets]
        if not is_one_of(wanted, headers.get(_SIGNATURE, "").removeprefix("sha256=")):
            raise Forged(f"{_SIGNATURE} is missing or does not fit.")
        actions.store(self.source, self.kind, f"hook:{hashlib.sha256(body).hexdigest()}", body, {}, now)

    def unpack(self, arrived: Arrived, now: datetime) -> Handled:
        """Each message and receipt becomes a payload of its own, known by the id that it has there."""
        entries = things(thing(json.loads(arrived.body)).get("entry"))
        found = [one for entry in entries for one in self.entries(entry, arrived.received_at)]
        return store(found, self.source, now)


# WhatsApp -------------------------------------------------------------------------------------------------------------


def _whatsapp(entry: dict[str, Any], came_at: datetime) -> Found:
    for change in things(entry.get("changes")):
        value = thing(change.get("value"))
        ours = number(thing(value.get("metadata")).get("phone_number_id"))
        if change.get("field") != "messages" or (settings.WHATSAPP_PHONE_ID and ours != settings.WHATSAPP_PHONE_ID):
            continue  # of another number of the same business, which somebody else answers
        names = {
            number(one.get(part)): words(thing(one.get("profile")).get("name"), 120)
            for one in things(value.get("contacts"))
            for part in ("wa_id", "user_id")
        }
        for said in things(value.get("messages")):
            # Whoever hides their number has an id that is for our business alone.
            handle = number(said.get("from")) or number(said.get("from_user_id"))
            text = _whatsapp_text(said)
            if handle and text and number(said.get("id")):
                yield Chat(
                    "whatsapp", number(said.get("id")), handle, text, moment(said.get("timestamp"), came_at),
                    name=names.get(handle, ""), phone=f"+{handle}" if handle.isdecimal() else "",
                    media=tuple(_whatsapp_media(said)),
                )  # fmt: skip
        for status in things(value.get("statuses")):
            if receipt := _whatsapp_receipt(status, came_at):
                yield receipt


def _whatsapp_text(said: dict[str, Any]) -> str:
    kind = words(said.get("type"), 30)
    held = thing(said.get(kind))
    match kind:
        case "text":
            return words(held.get("body"))
        case "button":
            return words(held.get("text"))
        case "interactive":
            return words(thing(held.get(words(held.get("type"), 30))).get("title")) or shown("Form filled in")
        case "reaction" | "system" | "":
            return ""  # nothing that anybody would answer
        case "location":
            place = ", ".join(str(held.get(part, "")) for part in ("latitude", "longitude"))
            return shown("Location", f"{place} {words(held.get('name'), 200)}".strip())
        case "document":
            return shown(f"File {words(held.get('filename'), 200)}".strip(), words(held.get("caption")))
        case "contacts":
            people = [words(thing(one.get("name")).get("formatted_name"), 120) for one in things(said.get(kind))]
            return shown("Contact", ", ".join(people))
    return shown(_KINDS.get(kind, _UNSHOWN), words(held.get("caption")))


def _whatsapp_media(said: dict[str, Any]) -> Iterator[Medium]:
    kind = words(said.get("type"), 30)
    held = thing(said.get(kind))
    if kind in _FILES and (ref := number(held.get("id"))):
        yield Medium(_KINDS[kind], ref, words(held.get("filename"), 200))


def _whatsapp_receipt(status: dict[str, Any], came_at: datetime) -> Receipt | None:
    name, its = words(status.get("status"), 20), number(status.get("id"))
    if name not in ("sent", "delivered", "read", "failed") or not its:
        return None
    error = next(iter(things(status.get("errors"))), {})
    details = words(thing(error.get("error_data")).get("details"), 200)
    return Receipt(
        "whatsapp", f"{its}:{name}", name, moment(status.get("timestamp"), came_at), its,
        words(status.get("biz_opaque_callback_data"), 200), details or words(error.get("title"), 200),
        number(error.get("code")),
    )  # fmt: skip


# Instagram ------------------------------------------------------------------------------------------------------------


def _instagram(entry: dict[str, Any], came_at: datetime) -> Found:
    ours = number(entry.get("id"))
    if settings.INSTAGRAM_ACCOUNT_ID and ours != settings.INSTAGRAM_ACCOUNT_ID:
        return
    for event in things(entry.get("messaging")):
        handle, at = number(thing(event.get("sender")).get("id")), moment(event.get("timestamp"), came_at, 1000)
        said, seen = thing(event.get("message")) or thing(event.get("postback")), thing(event.get("read"))
        key, text = number(said.get("mid")), _instagram_text(said)
        if number(seen.get("mid")):
            yield Receipt("instagram", f"{seen['mid']}:read", "read", at, number(seen["mid"]))
        elif key and text and handle != ours and not said.get("is_echo") and not said.get("is_deleted"):
            yield Chat("instagram", key, handle, text, at, media=tuple(_instagram_media(said)))
    for change in [*things(entry.get("changes")), entry]:  # both ways of logging in have a form of their own
        value = thing(change.get("value"))
        who, key = thing(value.get("from")), number(value.get("id"))
        handle = number(who.get("id"))
        if change.get("field") in ("comments", "live_comments") and key and handle and handle != ours:
            text = shown("Comment", words(value.get("text")))
            at = moment(entry.get("time"), came_at)
            yield Chat("instagram", key, handle, text, at, name=words(who.get("username"), 120), is_public=True)


def _instagram_text(said: dict[str, Any]) -> str:
    if said.get("is_unsupported"):
        return shown(_UNSHOWN)
    kinds = [_KINDS.get(words(one.get("type"), 30), _UNSHOWN) for one in things(said.get("attachments"))]
    marks = " ".join(shown(kind) for kind in kinds)
    return f"{marks} {words(said.get('text')) or words(said.get('title'))}".strip()


def _instagram_media(said: dict[str, Any]) -> Iterator[Medium]:
    for one in things(said.get("attachments"))[:_MOST_MEDIA]:
        kind, url = words(one.get("type"), 30), words(thing(one.get("payload")).get("url"), 2000)
        if kind in _FILES and url:
            yield Medium(_KINDS[kind], url)


WHATSAPP = App("whatsapp", _whatsapp)
INSTAGRAM = App("instagram", _instagram)
APPS = {app.source: app for app in (WHATSAPP, INSTAGRAM)}
