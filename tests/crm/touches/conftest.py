"""A customer with somebody to talk to, and the browser of whoever talks."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Account, Contact
from crm.team.models import User
from tests import factories

HTMX = {"HX-Request": "true"}


@pytest.fixture
def web(client: Client, mira: User) -> Client:
    client.force_login(mira)
    return client


@pytest.fixture
def kelp(mira: User) -> Account:
    return factories.account("Kelp & Co", owner=mira, timezone="Europe/Lisbon")


@pytest.fixture
def jonas(kelp: Account) -> Contact:
    return factories.contact(kelp, first_name="Jonas", last_name="Weber")


def log(web: Client, account: Account, **data: Any) -> Any:
    return web.post(f"/accounts/{account.pk}/entries/", {"kind": "call", "text": "Exports time out."} | data)
