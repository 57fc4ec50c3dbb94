"""Mail as it comes to the desk, and what left from there: shared by the tests of mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from crm.inbox import actions
from crm.inbox.models import InboundPayload
from crm.outbox.channels import Accepted, Outcome
from crm.outbox.mime import Envelope, build
from crm.outbox.sending import send
from tests.conftest import NOON
from tests.crm.correspondence.conftest import mail

OWN, DESK = "inbox@crm.example", "help@crm.example"
SOFIA = "Sofia Lindqvist <sofia@nordwind.example>"

type Come = Callable[..., InboundPayload]


def asks(text: str = "The export stops.", sender: str = SOFIA, to: str = DESK, **more: Any) -> bytes:
    """What somebody writes to the desk."""
    given = {"subject": "Export times out", "message_id": "first@nordwind.example"} | more
    return mail(sender, to, text=text, **given)


def come(raw: bytes, now: datetime = NOON, **headers: Any) -> InboundPayload:
    """Store a mail and let the inbox handle it."""
    pk = actions.store("imap", "mail", str(InboundPayload.objects.count()), raw, headers, now)
    actions.work(now)
    return InboundPayload.objects.get(pk=pk)


class Post:
    """A way out that takes everything, and keeps it as it goes over the wire."""

    idempotent_for = None

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.to: list[str] = []

    def __enter__(self) -> Post:
        return self

    def __exit__(self, *raised: object) -> None:
        """Nothing is open."""

    def send(self, envelope: Envelope) -> Outcome:
        self.raw.append(build(envelope))
        self.to.append(envelope.to_address)
        return Accepted("taken")

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=policy.default) for raw in self.raw]  # type: ignore[misc]

    def leaves(self, now: datetime) -> list[EmailMessage]:
        """What leaves now."""
        before = len(self.raw)
        send(self, now)
        return self.mails[before:]
