"""Chats, as every way in hands them on: one message or one receipt is one payload, whatever it came in together with.

What comes from outside may be anything: texts are cut and cleaned here, once.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from crm.inbox import actions
from crm.slots import Arrived, Handled
from crm.web.rules import believable

#: Kinds of payloads that these become, in slots.inbox_handlers.
MESSAGE, RECEIPT, MEDIUM = "chat", "chat.receipt", "chat.medium"
#: Bytes of one request of a chat; a mail may have more.
MOST_BYTES = 1024 * 1024

_LONGEST = 50_000


class Forged(Exception):
    """The request does not prove that it is the provider's. The message says why, and no secret."""


@dataclass(frozen=True, slots=True)
class Medium:
    """A photo, a voice message, a file: what is no text, and lies with the provider."""

    label: str  # as it stands for it in the text: Photo
    ref: str  # what the provider gives it out for: an id, or a URL
    name: str = ""  # as its sender calls it
    size: int = 0  # bytes, where it is said; 0: nobody knows


@dataclass(frozen=True, slots=True)
class Chat:
    """One message of a person. `key` is the channel's own: said twice, it is one."""

    channel: str  # telegram | whatsapp | instagram | bridge
    key: str
    handle: str  # by which they are written to
    text: str
    at: datetime
    name: str = ""
    phone: str = ""  # E.164, where the channel vouches for it
    email: str = ""  # the same
    link: str = ""  # what a link that they followed says who they are
    is_public: bool = False  # a comment or a review: it is no conversation, and opens none
    media: Sequence[Medium] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider says later of a message of ours."""

    channel: str
    key: str  # of the receipt itself
    status: str  # sent | delivered | read | failed
    at: datetime
    provider_id: str = ""
    message_id: str = ""  # ours, where it gives that back
    reason: str = ""  # of a failure
    code: str = ""  # the same, as the provider numbers it


def store(found: Iterable[Chat | Receipt], source: str, now: datetime) -> Handled:
    """Each becomes a payload of its own, unless it is known; returns what the handler of them all says."""
    said, receipts, names = 0, 0, set()
    for one in found:
        body = json.dumps(asdict(one) | {"at": one.at.isoformat()}, ensure_ascii=False).encode()
        kind = MESSAGE if isinstance(one, Chat) else RECEIPT
        actions.store(source, kind, f"{kind}:{one.key}", body, {}, now)
        said, receipts = said + (kind == MESSAGE), receipts + (kind == RECEIPT)
        names |= set(named(one)) if isinstance(one, Chat) else set()
    words = [_count(said, "message"), _count(receipts, "receipt")]
    held = " and ".join(filter(None, words))
    return Handled(f"Held {held}." if held else "Held nothing for us.", not held, sorted(names))


def store_media(chat: Chat, message_id: int, source: str, now: datetime) -> list[tuple[int, Medium]]:
    """What lies with the provider is fetched later for the message that it belongs to, each by a payload of its own,
    whose number it gives back."""
    found = []
    for place, one in enumerate(chat.media):
        told = {"channel": chat.channel, "handle": chat.handle, "message": message_id, "medium": asdict(one)}
        pk = actions.store(source, MEDIUM, f"{MEDIUM}:{chat.key}:{place}", json.dumps(told).encode(), {}, now)
        found += [(pk, one)] if pk else []
    return found


def named(chat: Chat) -> list[str]:
    """By what an erasure finds the payload again."""
    return [one for one in (chat.handle, chat.phone, chat.email) if one]


def message(arrived: Arrived) -> Chat:
    found = _again(arrived)
    return Chat(**found | {"media": tuple(Medium(**one) for one in found.get("media", ()))})


def receipt(arrived: Arrived) -> Receipt:
    return Receipt(**_again(arrived))


def _again(arrived: Arrived) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(arrived.body)
    return found | {"at": datetime.fromisoformat(found["at"])}


def _count(number: int, noun: str) -> str:
    return "" if not number else f"one {noun}" if number == 1 else f"{number} {noun}s"


# Reading what may be anything -----------------------------------------------------------------------------------------


def whole(value: Any) -> int:
    """Bytes; 0 for what is no number of them."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def words(value: Any, longest: int = _LONGEST) -> str:
    """A text that the database takes; blank for what is none."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode("utf-8", "replace").decode()[:longest].strip()


def number(value: Any) -> str:
    """An id, which some write as a number and some as a text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else words(value, 200)


def thing(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def things(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; none for what is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def moment(value: Any, came_at: datetime, per_second: int = 1) -> datetime:
    """Seconds since 1970, as a number or a text; see `believable`."""
    try:
        return believable(datetime.fromtimestamp(int(value) / per_second, UTC), came_at)
    except (TypeError, ValueError, OverflowError, OSError):
        return came_at


def shown(label: str, caption: str = "") -> str:
    """What stands for something that is no text: “[Photo] with what was written below it”."""
    return f"[{label}] {caption}".strip()


def is_one_of(secrets: Sequence[str], given: str) -> bool:
    """Compared without telling how much fits, each with each."""
    return any([hmac.compare_digest(one.encode(), given.encode()) for one in secrets])  # noqa: C419
