"""One mail, read: who to whom, when, what it says, what hangs on it, and whether a machine wrote it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import Message
from pathlib import PurePath
from typing import cast

from crm.correspondence.reading import headers, reports, text
from crm.correspondence.reading.headers import Mailbox
from crm.correspondence.reading.reports import Report
from crm.correspondence.rules import LOOP_HEADER
from crm.web.html import MOST_LETTERS

#: Parts of a mail that are looked at, and files that are kept of it.
MOST_PARTS, MOST_FILES = 500, 30
#: Bytes of a head; mentions of boundaries, lines that may be one, and lines to compare with each of those boundaries:
#: far more than any mail that people write.
MOST_HEAD, MOST_NESTED, MOST_SEPARATORS, MOST_COMPARED = 256 * 1024, 100, 5_000, 10_000_000
#: Pictures in the text that are smaller are logos and smileys.
SMALL_PICTURE = 20_000

_BROKEN = (MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError)


@dataclass(frozen=True, slots=True)
class Attached:
    name: str
    content: bytes
    content_id: str = ""  # by which the HTML shows it


@dataclass(frozen=True, slots=True)
class ReadMail:
    """What a mail says. Addresses are in lower case, times in UTC."""

    message_id: str  # without brackets; made from its bytes if it brought none
    references: list[str]  # ids of the mails that it follows, the nearest first
    sender: Mailbox | None
    to: list[Mailbox]  # To and Cc
    delivered_to: list[str]  # where servers of ours took it, To and Cc included
    subject: str
    text: str
    html: str  # as it came; blank: it is plain text
    folded_at: int | None  # where what it quotes begins in the text
    date: datetime
    automatic: bool  # an auto-reply, a list, a report: no person waits for an answer
    report: Report | None
    files: list[Attached] = field(default_factory=list)
    pictures: list[Attached] = field(default_factory=list)  # of the HTML, too small to be files
    loop: str = ""  # what an installation like this one says of its own mail


def read(raw: bytes, received_at: datetime) -> ReadMail:
    """Whatever the bytes are."""
    message = _parsed(raw)
    parts = list(_parts(message))
    words = _words(parts)
    files, pictures = _files(parts)
    senders = headers.mailboxes(message, "From") or headers.mailboxes(message, "Sender")
    report = reports.report_of(message) if reports.is_report(message) else None
    return ReadMail(
        headers.message_id(message) or f"sha256:{hashlib.sha256(raw).hexdigest()}",
        headers.references(message), senders[0] if senders else None, headers.mailboxes(message, "To", "Cc"),
        headers.delivered_to(message), headers.decoded(message, "Subject", 300), words, _html(parts),
        text.folded_at(words), headers.date(message, received_at), report is not None or _automatic(message), report,
        files, pictures, headers.line(headers.raw(message, LOOP_HEADER), 80),
    )  # fmt: skip


def _parsed(raw: bytes) -> Message:
    """Of one whose structure would take all our time or memory only the head."""
    end = min((at for at in (raw.find(b"\n\n"), raw.find(b"\r\n\r\n")) if at >= 0), default=len(raw))
    head = raw[: min(end, MOST_HEAD)]
    nested = raw.lower().count(b"boundary")
    compared = (nested + 1) * raw.count(b"\n")
    tame = nested <= MOST_NESTED and raw.count(b"\n--") <= MOST_SEPARATORS and compared <= MOST_COMPARED
    if end <= MOST_HEAD and tame:
        with contextlib.suppress(RecursionError, *_BROKEN):
            return message_from_bytes(raw, policy=policy.compat32)
    try:
        return message_from_bytes(head + b"\n\n", policy=policy.compat32)
    except (RecursionError, *_BROKEN):
        return Message()


def _parts(message: Message) -> Iterator[Message]:
    """The parts in order; a mail inside the mail is one part of it, a file."""
    todo, seen = [message], 0
    while todo and seen < MOST_PARTS:
        part, seen = todo.pop(0), seen + 1
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            todo[:0] = _inside(part)[:MOST_PARTS]
        else:
            yield part


def _inside(part: Message) -> list[Message]:
    """Of one that `is_multipart`: of another, asking for what it holds would decode it, which may fail."""
    return [one for one in cast(list[object], part.get_payload()) if isinstance(one, Message)]


def _is_file(part: Message) -> bool:
    return str(part.get("Content-Disposition") or "").strip().lower().startswith("attachment") or bool(_name(part))


def _name(part: Message) -> str:
    try:
        name = part.get_filename()
    except _BROKEN:
        name = None
    shown = headers.line(str(name or ""), 200)
    if "=?" in shown:  # encoded in a way that the standard does not know, and everybody uses
        named = Message()
        named["Subject"] = shown
        shown = headers.decoded(named, "Subject", 200)
    return PurePath(shown.replace("\\", "/")).name[:150]


def _content(part: Message) -> bytes:
    try:
        if part.is_multipart():  # a mail that was attached
            inside = _inside(part)
            return inside[0].as_bytes() if inside else b""
        found = part.get_payload(decode=True)
    except (RecursionError, *_BROKEN):
        return b""
    return found if isinstance(found, bytes) else b""


def _words(parts: list[Message]) -> str:
    """The first plain text, else the first HTML as plain text; blank if there is neither."""
    plain = (text.tidy(found) for found in _texts(parts, "text/plain"))
    return next(filter(None, plain), "") or next(filter(None, map(text.of_html, _texts(parts, "text/html"))), "")


def _html(parts: list[Message]) -> str:
    """The first HTML that says something, as it came; blank if there is none."""
    found = (one for one in _texts(parts, "text/html") if text.of_html(one))
    return next(found, "")[:MOST_LETTERS]


def _texts(parts: list[Message], kind: str) -> Iterator[str]:
    for part in parts:
        if part.get_content_type() == kind and not _is_file(part):
            yield headers.fit(headers.bytes_as_text(_content(part)[: 8 * text.LONGEST], _charset(part)))


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except _BROKEN:
        return None


def _files(parts: list[Message]) -> tuple[list[Attached], list[Attached]]:
    """What was attached, with larger pictures of the text; and smaller pictures, which are logos and smileys."""
    files: list[Attached] = []
    pictures: list[Attached] = []
    for part in parts:
        if part.get_content_maintype() == "text" and not _is_file(part):
            continue
        if part.get_content_type() in ("message/delivery-status", "text/rfc822-headers"):
            continue
        content = _content(part)
        inline = not str(part.get("Content-Disposition") or "").strip().lower().startswith("attachment")
        shown_by = headers.line(headers.raw(part, "Content-ID").strip().strip("<>"), 250)
        if content:
            kind = part.get_content_subtype() if part.get_content_maintype() != "message" else "eml"
            small = inline and shown_by and len(content) < SMALL_PICTURE
            one = Attached(_name(part) or f"attachment.{headers.line(kind, 20)}", content, shown_by)
            (pictures if small else files).append(one)
    return files[:MOST_FILES], pictures[:MOST_FILES]


def _automatic(message: Message) -> bool:
    """By what machines say of themselves (RFC 3834, 5.2, and what is older than it)."""
    said = headers.raw(message, "Auto-Submitted").strip().lower()
    if said and not said.startswith("no"):
        return True
    if headers.raw(message, "Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply"):
        return True
    names = ("X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond", "List-Id", "List-Unsubscribe", "Feedback-ID")
    return headers.raw(message, "Return-Path").strip() == "<>" or any(headers.raw(message, name) for name in names)
