"""Whoever looks at a customer's page, and the customer."""

from __future__ import annotations

import pytest
from django.test import Client

from crm.accounts.models import Account
from crm.team.models import User
from tests import factories

HTMX = {"HX-Request": "true"}


@pytest.fixture
def web(client: Client, mira: User) -> Client:
    client.force_login(mira)
    return client


@pytest.fixture
def kelp(mira: User) -> Account:
    return factories.account("Kelp & Co", owner=mira, industry="Food")
