"""Delivery reports: what a mail server says became of a mail of ours (RFC 3464)."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message

from crm.correspondence.reading.headers import decoded, line, message_id, raw
from crm.outbox.rules import NO_MAILBOX


@dataclass(frozen=True, slots=True)
class Report:
    """One reader's part of a report."""

    address: str  # lower case; blank if it does not say
    action: str  # failed | delayed | delivered | relayed | expanded
    status: str  # 5.1.1
    said: str
    of: str  # the Message-ID of the mail that it is about, without brackets

    @property
    def failed(self) -> bool:
        return self.action == "failed" or (not self.action and self.status.startswith("5"))

    @property
    def no_mailbox(self) -> bool:
        return self.failed and self.status in NO_MAILBOX


def is_report(message: Message) -> bool:
    kind = message.get_param("report-type")
    return message.get_content_type() == "multipart/report" and str(kind or "").lower() == "delivery-status"


def report_of(message: Message) -> Report:
    """What it says of the first reader that it names, the one who failed before others."""
    readers: list[Message] = []
    original = ""
    for part in list(message.walk())[:50]:
        kind = part.get_content_type()
        inside = part.get_payload() if part.is_multipart() else None
        if kind == "message/delivery-status" and isinstance(inside, list):
            readers += [one for one in inside if isinstance(one, Message) and one.get("Final-Recipient")]
        elif kind == "message/rfc822" and isinstance(inside, list) and inside and isinstance(inside[0], Message):
            original = original or message_id(inside[0])
        elif kind == "text/rfc822-headers":
            original = original or _id_in(part)
    found = [_reader(one, original) for one in readers[:50]] or [Report("", "failed", "", "", original)]
    return next((one for one in found if one.failed), found[0])


def _reader(part: Message, original: str) -> Report:
    address = raw(part, "Final-Recipient").rpartition(";")[2] or raw(part, "Original-Recipient").rpartition(";")[2]
    return Report(
        line(address, 254).lower().strip("<>"), line(raw(part, "Action"), 20).lower(),
        line(raw(part, "Status"), 20).partition(" ")[0], decoded(part, "Diagnostic-Code", 200), original,
    )  # fmt: skip


def _id_in(part: Message) -> str:
    """The Message-ID among headers that are told as text."""
    text = part.get_payload(decode=True)
    said = text.decode("ascii", "replace")[:20_000] if isinstance(text, bytes) else ""
    for one in said.splitlines():
        if one.lower().startswith("message-id:"):
            return line(one.partition(":")[2].strip().strip("<>"), 250)
    return ""
