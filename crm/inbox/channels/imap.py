"""Mail from a mailbox: looked into every so often, read from where the last look ended, and left as it is.

Each mail is stored in one transaction with the place that has been reached, so that a process that dies in between
fetches it again. Whoever looks at the same time stores nothing twice: a mail is known by its numbers there.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import transaction

from crm.inbox import actions, rules
from crm.inbox.models import MailboxPlace

#: Seconds for a connection and each answer on it; and after which a look ends, to be gone on with at the next.
TIMEOUT, LONGEST = 20, 8.0
#: Mails of one look.
BATCH = 50
#: Numbers that one search is about: a line of the answer has room for ten times as many.
STRETCH = 10_000

_PORTS = {"imaps": 993, "imap+tls": 143, "imap": 143}
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,15})")


class BadImapURL(ValueError):
    """IMAP_URL is not of the form imaps://user:password@host/INBOX."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    scheme: str
    host: str
    port: int
    user: str
    password: str
    folder: str

    @property
    def name(self) -> str:
        return f"{self.user}@{self.host}/{self.folder}"[:255]


def mailbox(url: str) -> Mailbox:
    """What the URL names. Raises BadImapURL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadImapURL(f"IMAP_URL: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname or not parts.username:
        raise BadImapURL(f"IMAP_URL must be {' or '.join(_PORTS)}://user:password@host/INBOX")
    return Mailbox(
        parts.scheme, parts.hostname, port or _PORTS[parts.scheme], unquote(parts.username),
        unquote(parts.password or ""), unquote(parts.path).strip("/") or "INBOX",
    )  # fmt: skip


def look(now: datetime) -> int:
    """Store the next mails of the mailbox; returns how many were new. What goes wrong is noted and tried again."""
    if not settings.IMAP_URL:
        return 0
    box = mailbox(settings.IMAP_URL)
    try:
        with _opened(box) as client:
            stored, trouble = _read(client, box, now), ""
    except (imaplib.IMAP4.error, OSError, ValueError) as error:
        stored, trouble = 0, f"{type(error).__name__}: {error}"[:300].replace("\0", "")
    seen = {"looked_at": now, "trouble": trouble}
    MailboxPlace.objects.update_or_create(
        pk=box.name, defaults=seen, create_defaults=seen | {"validity": 0, "last_uid": 0}
    )
    return stored


def probe() -> str:
    """Opens the mailbox as a look does, and says how many mails lie there. Raises ValueError with what is wrong."""
    if not settings.IMAP_URL:
        raise ValueError("No mailbox is set up. Set IMAP_URL in .env to have one looked into.")
    box = mailbox(settings.IMAP_URL)
    try:
        with _opened(box) as client:
            many = int(client.response("EXISTS")[1][0] or 0)
    except (imaplib.IMAP4.error, OSError) as error:
        why = f"{type(error).__name__}: {error}"[:300].replace("\0", "")
        raise ValueError(f"The mailbox of {box.user} at {box.host} cannot be opened. {why}") from error
    return f"The mailbox of {box.user} at {box.host} opens: {many:,} mail{'' if many == 1 else 's'} in {box.folder}."


@contextlib.contextmanager
def _opened(box: Mailbox) -> Iterator[imaplib.IMAP4]:
    client: imaplib.IMAP4
    if box.scheme == "imaps":
        client = imaplib.IMAP4_SSL(box.host, box.port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT)
    else:
        client = imaplib.IMAP4(box.host, box.port, timeout=TIMEOUT)
    try:
        if box.scheme == "imap+tls":
            client.starttls(ssl.create_default_context())
        client.login(box.user, box.password)
        # Read only: what others have not read stays unread.
        _ok(client.select('"{}"'.format(box.folder.replace("\\", "\\\\").replace('"', '\\"')), readonly=True))
        yield client
    finally:
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            client.logout()


def _read(client: imaplib.IMAP4, box: Mailbox, now: datetime) -> int:
    validity = int(client.response("UIDVALIDITY")[1][0] or 0)
    began, stored = time.monotonic(), 0
    for uid in _next_uids(client, box, validity, began):
        size, body = _fetch(client, uid)
        with transaction.atomic():
            if body is not None:
                key = f"{box.name}:{validity}:{uid}"
                stored += actions.store("imap", "mail", key, body, {}, now, size) is not None
            _passed(box, validity, uid)
        if time.monotonic() - began > LONGEST:
            break
    return stored


def _next_uids(client: imaplib.IMAP4, box: Mailbox, validity: int, began: float) -> list[int]:
    """Numbers of the next mails. A stretch without any is passed over, for this look and those after it."""
    last, following = _place(box, validity), int(client.response("UIDNEXT")[1][0] or 0)
    while time.monotonic() - began <= LONGEST:
        end = last + STRETCH
        # The last stretch is open: a range that begins behind the last mail still names the last one.
        open_end = not following or end >= following
        found = _ok(client.uid("SEARCH", f"UID {last + 1}:{'*' if open_end else end}"))
        uids = sorted(uid for uid in map(int, (found[0] or b"").split()) if uid > last)[:BATCH]
        if uids or open_end:
            return uids
        _passed(box, validity, end)
        last = end
    return []


def _passed(box: Mailbox, validity: int, uid: int) -> None:
    MailboxPlace.objects.filter(pk=box.name, validity=validity, last_uid__lt=uid).update(last_uid=uid)


@transaction.atomic
def _place(box: Mailbox, validity: int) -> int:
    """Up to which number it was read. Another validity means other numbers: all of it is read again, and what is
    known by its Message-ID makes nothing new."""
    first = MailboxPlace(pk=box.name, validity=validity, last_uid=0)
    MailboxPlace.objects.bulk_create([first], ignore_conflicts=True)
    place = MailboxPlace.objects.select_for_update().get(pk=box.name)
    if place.validity != validity:
        place.validity, place.last_uid = validity, 0
        place.save(update_fields=["validity", "last_uid"])
    return place.last_uid


def _fetch(client: imaplib.IMAP4, uid: int) -> tuple[int, bytes | None]:
    """Its size and its bytes; of one that is too large only the headers. None: it is gone meanwhile."""
    said = _ok(client.uid("FETCH", str(uid), "(RFC822.SIZE)"))
    size = next((int(match[1]) for line in said if isinstance(line, bytes) and (match := _SIZE.search(line))), None)
    if size is None:
        return 0, None
    part = "HEADER" if size > rules.MOST_BYTES else ""
    parts = [line[1] for line in _ok(client.uid("FETCH", str(uid), f"(BODY.PEEK[{part}])")) if isinstance(line, tuple)]
    body: bytes | None = parts[0] if parts else None
    return size, body if body is None or len(body) <= rules.MOST_BYTES else body[: rules.MOST_BYTES]


def _ok(answer: tuple[str, list[Any]]) -> list[Any]:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(str(answer[1])[:200])
    return answer[1]
