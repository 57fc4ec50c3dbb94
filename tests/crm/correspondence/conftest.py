"""A conversation's people, and mail as it comes in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from crm.accounts.models import Contact
from crm.correspondence import rules
from crm.correspondence.models import MailIdentity
from crm.inbox import actions
from crm.inbox.models import InboundPayload, InboxSettings
from crm.team.models import User
from tests import factories
from tests.conftest import NOON

OWN = "inbox@crm.example"

type Come = Callable[..., InboundPayload]


@pytest.fixture
def own(db: None) -> str:
    InboxSettings.objects.create(pk=1, address=OWN)
    return OWN


@pytest.fixture
def anna(db: None, mira: User) -> Contact:
    kelp = factories.account("Kelp & Co", owner=mira)
    return factories.contact(kelp, first_name="Anna", last_name="Berg", email="anna@kelp.example")


@pytest.fixture
def copies_to(mira: User, own: str) -> str:
    """Mira's secret address."""
    return rules.with_token(own, "u", MailIdentity.of(mira).token)


def mail(
    sender: str = "Anna Berg <anna@kelp.example>",
    to: str = OWN,
    subject: str = "Seats",
    text: str = "Two more, please.",
    message_id: str | None = "seats@kelp.example",
    **headers: str,
) -> bytes:
    named = {"From": sender, "To": to, "Subject": subject, "Date": "Mon, 1 Jun 2026 11:00:00 +0000"}
    if message_id:
        named["Message-ID"] = f"<{message_id}>"
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return "".join(f"{name}: {value}\r\n" for name, value in named.items()).encode() + b"\r\n" + text.encode()


@pytest.fixture
def come(db: None) -> Come:
    """come(raw) stores a mail and lets the inbox handle it; returns the payload."""

    def come(raw: bytes, *, now: datetime = NOON, **headers: Any) -> InboundPayload:
        number = InboundPayload.objects.count()
        pk = actions.store("imap", "mail", str(number), raw, headers, now)
        actions.work(now)
        return InboundPayload.objects.get(pk=pk)

    return come
