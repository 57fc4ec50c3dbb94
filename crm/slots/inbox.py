"""What comes in: which room makes something of which kind of payload."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm.slots.registry import Registry


@dataclass(frozen=True, slots=True)
class Arrived:
    """A payload as it was stored: its bytes, and what its source knows about them beside.

    `headers["size"]` is how many bytes it had; more than the body has when only its beginning was fetched.
    """

    id: int
    source: str  # imap, postmark, …
    kind: str  # mail, mail.hook, …
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    is_last_try: bool = False  # what it raises now is tried no more
    fetched: Any = None  # what the fetcher of its kind gave


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of a payload. `note` says it for people; `addresses` are those that name somebody, so that an
    erasure finds the raw payload again."""

    note: str = ""
    ignored: bool = False  # it was understood, and is nothing to us
    addresses: Sequence[str] = field(default=())


#: kind → (payload, now) → what became of it. Called in a transaction of its own, perhaps again after it failed or after
#: its process died, and for the same thing by two sources: it must make one thing of it. What it raises is tried again.
type InboxHandler = Callable[[Arrived, datetime], Handled]
inbox_handlers: Registry[InboxHandler] = Registry("inbox handler")

#: kind → payload → what its handler finds in `fetched`, never None. Asked before the handler, and outside of any
#: transaction: for what must be fetched from somewhere, over a network. What it raises is tried again.
type InboxFetcher = Callable[[Arrived], Any]
inbox_fetchers: Registry[InboxFetcher] = Registry("inbox fetcher")

#: (payload, the mail in it as a `crm.correspondence.reading.mail.ReadMail`, now) → what became of it; None: it is
#: nothing to this room. Asked before correspondence files a mail, in the handler's transaction; the first one takes it.
type MailTaker = Callable[[Arrived, Any, datetime], Handled | None]
mail_takers: Registry[MailTaker] = Registry("mail taker")
