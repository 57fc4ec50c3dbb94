"""Headers of mail, read so that no broken one stops the rest."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from crm.web.rules import believable

#: Characters of a header that are looked at, addresses of one mail, and ids of its ancestors.
LONGEST, MOST_ADDRESSES, MOST_REFERENCES = 10_000, 100, 50

_ID = re.compile(r"<([^<>\s]{1,250})>")
_FOR = re.compile(r"\bfor <?([^\s<>;]{3,254}@[^\s<>;]{1,254})>?")
# What Postgres does not store, and what turns around how the rest is read.
_UNFIT = re.compile(r"[\0\ud800-\udfff]")
_BLANKS = re.compile(r"[\x01-\x20\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")

#: Headers that say for whom a server of ours took the mail: blind copies stand nowhere else.
_DELIVERED = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To", "X-Forwarded-To")


@dataclass(frozen=True, slots=True)
class Mailbox:
    name: str
    address: str  # lower case


def fit(text: str) -> str:
    """As Postgres can store it."""
    return _UNFIT.sub("\ufffd", text)


def line(text: str, most: int) -> str:
    """On one line, of so many characters."""
    return _BLANKS.sub(" ", fit(text)).strip()[:most].strip()


def raw(message: Message, name: str) -> str:
    """The first header of the name, as it stands there; blank without one."""
    try:
        value = message.get(name)
    except (MessageError, ValueError, IndexError, LookupError):
        return ""
    return str(value or "")[:LONGEST]


def decoded(message: Message, name: str, most: int) -> str:
    """Its words, whatever they were encoded in."""
    value = raw(message, name)
    if "=?" not in value:
        return line(_as_text(value), most)
    try:
        parts = decode_header(value)
    except (MessageError, ValueError, LookupError, AssertionError):
        return line(_as_text(value), most)
    return line("".join(_word(part, charset) for part, charset in parts), most)


def _as_text(value: str) -> str:
    """Bytes that are not ASCII stand in a header as surrogates: they are UTF-8 mostly."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _word(part: bytes | str, charset: str | None) -> str:
    return _as_text(part) if isinstance(part, str) else bytes_as_text(part, charset)


def bytes_as_text(content: bytes, charset: str | None) -> str:
    """In the charset that it claims, else in what it is most likely in."""
    for name in filter(None, (charset, "utf-8")):
        with contextlib.suppress(LookupError, UnicodeError, ValueError):
            return content.decode(name)
    return content.decode("cp1252", "replace")


def mailboxes(message: Message, *names: str) -> list[Mailbox]:
    """Whom these headers name, each address once."""
    values = []
    for name in names:
        with contextlib.suppress(MessageError, ValueError, LookupError):
            values += [_as_text(str(value))[:LONGEST] for value in message.get_all(name, [])[:20]]
    found: dict[str, Mailbox] = {}
    for value in values:  # one by one: a broken one takes all with it that are read together
        with contextlib.suppress(MessageError, ValueError, LookupError):
            for shown, address in getaddresses([value])[: 2 * MOST_ADDRESSES]:
                address = line(address, 254).lower()
                if "@" in address[1:-1] and " " not in address and len(found) < MOST_ADDRESSES:
                    found.setdefault(address, Mailbox(_shown(shown), address))
    return list(found.values())


def _shown(name: str) -> str:
    if "=?" in name:
        with contextlib.suppress(MessageError, ValueError, LookupError, AssertionError):
            name = "".join(_word(part, charset) for part, charset in decode_header(name))
    return line(name, 120)


def delivered_to(message: Message) -> list[str]:
    """For whom servers took it: what they wrote down, and what stands in the addresses of the mail itself."""
    found = [one.address for one in mailboxes(message, *_DELIVERED, "To", "Cc", "Bcc", "Resent-To")]
    for value in (message.get_all("Received") or [])[:20]:
        found += [line(match, 254).lower() for match in _FOR.findall(str(value)[:2000])]
    return list(dict.fromkeys(found))


def message_id(message: Message, name: str = "Message-ID") -> str:
    """Without its angle brackets; blank if there is none that could be one."""
    found = _ID.search(raw(message, name))
    return line(found[1], 250) if found else ""


def references(message: Message) -> list[str]:
    """The ids of the mails that it follows, the nearest first."""
    named = _ID.findall(raw(message, "In-Reply-To")) + _ID.findall(raw(message, "References"))[::-1]
    return list(dict.fromkeys(line(one, 250) for one in named))[:MOST_REFERENCES]


def date(message: Message, otherwise: datetime) -> datetime:
    """When it says that it was written, in UTC; never later than `otherwise`, nor before mail was."""
    try:
        said = parsedate_to_datetime(raw(message, "Date")[:200])
        moment = (said if said.tzinfo else said.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, MessageError):
        return otherwise
    return believable(moment, otherwise)
