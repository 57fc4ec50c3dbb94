"""Somebody to write to, and messages to send."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from crm.accounts.models import Contact
from crm.outbox.actions import Draft, enqueue, template
from crm.outbox.models import OutboundMessage
from crm.outbox.sending.claim import claim
from crm.outbox.sending.clear import clear
from crm.outbox.sending.letters import Letter
from crm.web import clock
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


TICK = timedelta(microseconds=1)


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EMAIL_URL = f"folder://{tmp_path}/mail"
    return tmp_path / "mail"


def cleared() -> Letter:
    """All that is due is claimed and cleared; the first letter."""
    taken = claim(NOON)
    assert taken is not None
    return clear(taken.claims, NOON, slice_id=taken.slice_id).letters[0]


def contact(**fields: Any) -> None:
    Contact.objects.filter(email="anna@kelp.example").update(**fields)


def elsewhere(job: Callable[[], Any]) -> list[Any]:
    """What it says, or raises, on a database session of its own; nothing if it waits for ours."""
    answers: list[Any] = []

    def run() -> None:
        try:
            with clock.travelling(NOON):
                answers.append(job())
        except Exception as error:  # it is the answer
            answers.append(type(error).__name__)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(5)
    return answers
