"""Telegram: the updates that it posts to the bot's webhook. They come again until they are answered with 2xx."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from crm.inbox import actions
from crm.inbox.channels.chat import (
    Chat,
    Forged,
    Medium,
    is_one_of,
    moment,
    number,
    shown,
    store,
    thing,
    things,
    whole,
    words,
)
from crm.slots import Arrived, Handled

SOURCE = "telegram"
KIND = "telegram.update"

_SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  (the name of a header)
_START = re.compile(r"/start(?:@\w+)?(?:\s+([A-Za-z0-9_-]{1,64}))?")

#: What stands for a message without text, by the part that it has.
_KINDS = {
    "photo": "Photo", "voice": "Voice message", "video": "Video", "video_note": "Video message", "audio": "Audio",
    "animation": "Animation", "sticker": "Sticker", "document": "File", "location": "Location", "venue": "Place",
    "contact": "Contact", "poll": "Poll", "dice": "Dice", "story": "Story", "checklist": "Checklist",
}  # fmt: skip
#: Of these, what is a file that can be fetched.
_FILES = ("photo", "voice", "video", "video_note", "audio", "animation", "document")


def is_open() -> bool:
    return bool(settings.TELEGRAM_SECRETS)


def take(body: bytes, headers: Mapping[str, str], now: datetime) -> None:
    """Store an update. Raises Forged, with nothing stored."""
    if not is_one_of(settings.TELEGRAM_SECRETS, headers.get(_SECRET, "")):
        raise Forged(f"{_SECRET} is missing or another.")
    try:
        key = number(thing(json.loads(body)).get("update_id"))
    except ValueError:
        key = ""
    actions.store(SOURCE, KIND, f"update:{key or hashlib.sha256(body).hexdigest()}", body, {}, now)


def unpack(arrived: Arrived, now: datetime) -> Handled:
    return store(_chats(thing(json.loads(arrived.body)), arrived.received_at), SOURCE, now)


def _chats(update: dict[str, Any], came_at: datetime) -> Iterator[Chat]:
    """At most one: an update is about one thing. Groups, channels and other bots are nothing to us."""
    edited = thing(update.get("edited_message"))
    said = edited or thing(update.get("message"))
    chat, sender = thing(said.get("chat")), thing(said.get("from"))
    handle = number(chat.get("id"))
    if chat.get("type") != "private" or sender.get("is_bot") or not handle:
        return
    text = _text(said)
    start = _START.fullmatch(text)
    if not text or (edited and start):
        return
    key = f"{handle}:{number(said.get('message_id'))}"
    if edited:
        key, text = f"{key}:{number(said.get('edit_date'))}", shown("Edited", text)
    yield Chat(
        SOURCE, key, handle, text, moment(said.get("edit_date") or said.get("date"), came_at), name=_name(sender),
        phone=_own_number(said, sender), link=(start[1] or "/start") if start else "",
        media=() if edited else tuple(_media(said)),  # its file was fetched when it was new
    )  # fmt: skip


def _text(said: dict[str, Any]) -> str:
    if text := words(said.get("text")):
        return text
    caption = words(said.get("caption"))
    part = next((part for part in _KINDS if part in said and not (part == "document" and "animation" in said)), "")
    held = thing(said.get(part))
    match part:
        case "":
            return caption
        case "document" | "audio":
            return shown(f"{_KINDS[part]} {words(held.get('file_name'), 200)}".strip(), caption)
        case "sticker" | "dice":
            return shown(f"{_KINDS[part]} {words(held.get('emoji'), 20)}".strip())
        case "location":
            return shown("Location", f"{held.get('latitude')}, {held.get('longitude')}")
        case "venue":
            return shown("Place", f"{words(held.get('title'), 200)}, {words(held.get('address'), 200)}")
        case "contact":
            return shown("Contact", f"{_name(held)} {words(held.get('phone_number'), 40)}".strip())
        case "poll":
            options = ", ".join(words(one.get("text"), 100) for one in things(held.get("options")))
            return shown("Poll", f"{words(held.get('question'), 300)} {options}".strip())
    return shown(_KINDS[part], caption)


def _media(said: dict[str, Any]) -> Iterator[Medium]:
    """At most one; of a photo, which comes in several sizes, the largest."""
    part = next((part for part in _FILES if part in said), "")
    sizes = things(said.get(part)) if part == "photo" else [thing(said.get(part))]
    held = max(sizes, key=lambda one: whole(one.get("file_size")), default={})
    if ref := words(held.get("file_id"), 300):
        yield Medium(_KINDS[part], ref, words(held.get("file_name"), 200), whole(held.get("file_size")))


def _name(sender: dict[str, Any]) -> str:
    full = f"{words(sender.get('first_name'), 60)} {words(sender.get('last_name'), 60)}".strip()
    return full or words(sender.get("username"), 60)


def _own_number(said: dict[str, Any], sender: dict[str, Any]) -> str:
    """Somebody's number, if they shared their own: Telegram vouches for that one alone."""
    shared = thing(said.get("contact"))
    if not shared or shared.get("user_id") is None or shared.get("user_id") != sender.get("id"):
        return ""
    digits = "".join(filter(str.isdecimal, words(shared.get("phone_number"), 40)))
    return f"+{digits}" if digits else ""
