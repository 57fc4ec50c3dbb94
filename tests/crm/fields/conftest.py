"""Fields that an admin has made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.fields import known
from crm.fields.models import CustomField
from crm.fields.rules import Definition
from crm.team.models import User

HTMX = {"HX-Request": "true"}
TIERS = [
    {"code": "gold", "label": "Gold"},
    {"code": "silver", "label": "Silver"},
    {"code": "bronze", "label": "Bronze"},
]


@pytest.fixture
def field(db: None) -> Callable[..., Definition]:
    """One more field of accounts; the options of a choice are those of `TIERS`."""

    def field(key: str, type_: str = "text", **more: Any) -> Definition:
        if type_ in ("choice", "choices"):
            more.setdefault("options", TIERS)
        row = CustomField.objects.create(
            **{"subject": "account", "key": key, "type": type_, "name": key.replace("_", " ").capitalize()} | more
        )
        return known.defined(row)

    return field


@pytest.fixture
def web(client: Client, mira: User) -> Client:
    """Mira's browser."""
    client.force_login(mira)
    return client


@pytest.fixture
def admin(ada: User) -> Client:
    """Ada's."""
    client = Client()
    client.force_login(ada)
    return client
