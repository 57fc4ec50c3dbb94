"""A fact that webhooks tell, and the deliveries that there are of it."""

from __future__ import annotations

from typing import Any

from crm.timeline.actions import Fact, record
from crm.webhooks.models import WebhookDelivery
from tests import factories
from tests.conftest import NOON


def won(account: Any = None, kind: str = "deal.won", **more: Any) -> int:
    """A fact; its entry's id."""
    fact = {"payload": {"deal": 7, "note": "Between us", "why_url": "/why/"}} | more
    (pk,) = record(
        Fact((account or factories.account("Nordwind")).pk, kind, "Deal won: Growth", NOON, **fact), now=NOON
    )
    return pk


def the_one() -> WebhookDelivery:
    return WebhookDelivery.objects.get()


def all_of_them() -> list[WebhookDelivery]:
    return list(WebhookDelivery.objects.order_by("pk"))
