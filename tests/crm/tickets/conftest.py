"""A customer who asks, and a desk that answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from crm.accounts.models import Contact, ContactHandle
from crm.tickets import delivering
from crm.tickets.actions.hearing import NewTicket, begin
from crm.tickets.actions.saying import Said
from crm.tickets.models import Ticket, TicketSettings
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.provider import Provider, point_at, provider


@pytest.fixture
def sofia(db: None) -> Contact:
    account = factories.account("Nordwind Logistics")
    return factories.contact(account, first_name="Sofia", last_name="Lindqvist", email="sofia@nordwind.example")


@pytest.fixture
def says(sofia: Contact) -> Callable[..., Said]:
    """What Sofia says by mail; anything about it can be said otherwise."""

    def said(text: str = "The export stops.", at: datetime = NOON, **other: Any) -> Said:
        facts = {"channel": "email", "contact": sofia, "name": "Sofia Lindqvist", "handle": "sofia@nordwind.example"}
        return Said(text, at=at, **{**facts, **other})

    return said


@pytest.fixture
def ticket(says: Callable[..., Said]) -> Ticket:
    return begin(NewTicket("Export times out", says(key="first@nordwind.example")), NOON)


@pytest.fixture
def mail_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the ways back are: mail has one here, which refuses nothing."""
    monkeypatch.setitem(delivering.ways._entries, "email", delivering.Way("email", "mail", lambda ticket, now: ""))


@pytest.fixture
def other_side(db: None, settings: Any) -> Iterator[Provider]:
    """The providers of chats, which remember what they got; tickets are not acknowledged."""
    settings.DEFAULT_FROM_EMAIL = "Holdfast <hello@us.example>"
    TicketSettings.objects.create(pk=1, acknowledges=False)
    with provider() as stands:
        point_at(settings, stands)
        yield stands


@pytest.fixture
def known(sofia: Contact) -> Contact:
    """Sofia, whose number and Telegram are on record."""
    sofia.phone = "+49 151 12345678"
    sofia.save()
    ContactHandle.objects.create(contact=sofia, channel="telegram", handle="4242")
    return sofia
