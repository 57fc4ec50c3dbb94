"""A customer who asks, and a desk that answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from crm.accounts.models import Contact
from crm.tickets.actions.hearing import NewTicket, begin
from crm.tickets.actions.saying import Said
from crm.tickets.models import Ticket
from tests import factories
from tests.conftest import NOON


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
