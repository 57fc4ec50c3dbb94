"""Somebody to write to, and messages to send."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from crm.accounts.models import Contact
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage
from tests import factories
from tests.conftest import NOON


@pytest.fixture
def anna(db: None) -> Contact:
    return factories.contact(
        factories.account("Kelp & Co"), first_name="Anna", last_name="Berg", email="anna@kelp.example"
    )


type Plan = Callable[..., OutboundMessage]


@pytest.fixture
def plan() -> Plan:
    """plan(contact, …) makes one service message that is due at NOON; what is named replaces the default."""
    numbers = iter(range(1, 10_000))

    def make(contact: Contact | None = None, **fields: Any) -> OutboundMessage:
        number = next(numbers)
        subject, body = fields.pop("subject", "Hello {{ contact.first_name }}"), fields.pop("body", "Good day.")
        draft: dict[str, Any] = {
            "key": f"test:{number}", "category": "service", "template_id": template(subject, body), "due_at": NOON,
            "contact_id": contact and contact.pk, "account_id": contact and contact.account_id,
        }  # fmt: skip
        ids = enqueue([Draft(**draft | fields)], now=NOON)
        return OutboundMessage.objects.get(pk=ids[(draft | fields)["key"]])

    return make


def state_of(message: OutboundMessage) -> str:
    return OutboundMessage.objects.get(pk=message.pk).state


def trail(message: OutboundMessage) -> list[tuple[str, str]]:
    """Every decision about it, as (verdict, guard)."""
    return list(message.decisions.order_by("id").values_list("verdict", "guard"))


def moved_to(message: OutboundMessage) -> datetime:
    return OutboundMessage.objects.get(pk=message.pk).due_at
