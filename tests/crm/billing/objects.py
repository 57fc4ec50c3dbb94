"""Stripe, as its objects and events look, with an account of ours to hang them on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from stripe import WebhookSignature

from crm.inbox import actions as inbox
from crm.inbox.models import InboundPayload
from tests.conftest import NOON

SECRET = "whsec_of_these_tests"


def at(day: str, hour: int = 12) -> int:
    """Seconds since 1970 of a day at an hour, UTC."""
    return int(datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC).timestamp())


def item(amount: int = 3000, quantity: int = 1, interval: str = "month", count: int = 1, **more: Any) -> dict[str, Any]:
    price = {
        "id": "price_1", "object": "price", "nickname": "Team", "currency": "eur", "unit_amount": amount,
        "unit_amount_decimal": str(amount), "billing_scheme": "per_unit",
        "recurring": {"interval": interval, "interval_count": count, "usage_type": "licensed"},
    } | more  # fmt: skip
    return {"id": "si_1", "object": "subscription_item", "quantity": quantity, "price": price}


def subscription(**more: Any) -> dict[str, Any]:
    return {
        "id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active", "currency": "eur",
        "start_date": at("2026-05-10"), "current_period_start": at("2026-05-10"),
        "current_period_end": at("2026-06-10"), "cancel_at_period_end": False, "items": {"data": [item()]},
    } | more  # fmt: skip


def invoice(**more: Any) -> dict[str, Any]:
    return {
        "id": "in_1", "object": "invoice", "customer": "cus_1", "subscription": "sub_1", "currency": "eur",
        "amount_due": 3000, "amount_paid": 0, "status": "open", "attempt_count": 0, "created": at("2026-05-10"),
        "status_transitions": {"finalized_at": at("2026-05-10")}, "charge": "ch_1", "payment_intent": "pi_1",
    } | more  # fmt: skip


def paid(**more: Any) -> dict[str, Any]:
    turned = {"finalized_at": at("2026-05-10"), "paid_at": at("2026-05-12")}
    return invoice(status="paid", amount_paid=3000, attempt_count=2, status_transitions=turned) | more


def event(kind: str, about: dict[str, Any], created: int, key: str = "", **before: Any) -> dict[str, Any]:
    data = {"object": about} | ({"previous_attributes": before} if before else {})
    return {"id": key or f"evt_{kind}_{created}", "object": "event", "type": kind, "created": created, "data": data}


def signed(body: str, secret: str = SECRET, moment: datetime = NOON) -> str:
    """The header, as Stripe's own library makes it."""
    return WebhookSignature.generate_signature_header(body, secret, timestamp=int(moment.timestamp()))


def post(client: Any, said: dict[str, Any], **headers: str) -> Any:
    body = json.dumps(said)
    given = headers or {"Stripe-Signature": signed(body)}
    return client.post("/hooks/stripe/", body, content_type="application/json", headers=given)


def deliver(*events: dict[str, Any], now: datetime = NOON) -> None:
    """As if each had come by the hook, in this order."""
    for one in events:
        inbox.store("stripe", "stripe.event", f"event:{one['id']}", json.dumps(one).encode(), {}, now)
        inbox.work(now)
    assert not InboundPayload.objects.exclude(error="").values_list("error", flat=True)
