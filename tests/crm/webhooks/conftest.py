"""A receiver, and an endpoint that leads there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crm.webhooks.actions.endpoints import make
from crm.webhooks.models import WebhookEndpoint
from tests.conftest import NOON
from tests.crm.outbox.provider import Provider, provider


@pytest.fixture
def receiver(settings: Any) -> Iterator[Provider]:
    settings.OUTGOING_ALLOW, settings.WEBHOOKS_PLAIN_HTTP = ["127.0.0.0/8"], True
    with provider() as stands:
        yield stands


@pytest.fixture
def endpoint_at(db: None) -> Callable[..., WebhookEndpoint]:
    def at(url: str, name: str = "Warehouse", **told: Any) -> WebhookEndpoint:
        asked = {"everything": True, "kinds": [], "tree": {}, "with_texts": False, "is_on": True} | told
        return make({"name": name, "url": url, **asked}, None, NOON)[0]

    return at


@pytest.fixture
def warehouse(receiver: Provider, endpoint_at: Callable[..., WebhookEndpoint]) -> WebhookEndpoint:
    """It asks for everything."""
    return endpoint_at(f"{receiver.url}/in")
