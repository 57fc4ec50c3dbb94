"""Billing among the integrations: how it stands, in one look at what came and what was compared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from crm import slots
from crm.billing import secrets
from crm.slots import Connection, Traffic, WayIn
from crm.web import clock

#: Payloads among which the last one is looked for: of one who was silent for longer no time is shown.
_LOOKED_AT = 5000
_LOOK = f"""
    SELECT count(*) AS many, max(received_at) AS last_at, coalesce(
        (SELECT error FROM crm_inboundpayload WHERE state = 'failed' AND kind = ANY(%s) ORDER BY id DESC LIMIT 1),
        (SELECT nullif(trouble, '') FROM crm_billinglook WHERE %s ORDER BY id DESC LIMIT 1), '') AS trouble
    FROM crm_inboundpayload
    WHERE id > (SELECT coalesce(max(id), 0) FROM crm_inboundpayload) - {_LOOKED_AT} AND kind = ANY(%s)
"""  # noqa: S608  (a number of ours)


def _look(kind: str, *, looks: bool) -> Any:
    def look(now: datetime) -> tuple[str, Sequence[Any]]:
        return _LOOK, [[kind], looks, [kind]]

    return look


def _says(is_open: bool, seen: Traffic) -> Connection:
    if not is_open:
        return Connection("Not set up")
    if seen.trouble:
        return Connection("Needs a look", "bad")
    return Connection("Connected", "good") if seen.last_at else Connection("Nothing came yet", "warn")


def _knock(name: str, is_open: bool) -> list[WayIn]:
    return [WayIn(reverse(f"billing_hooks:{name}"), 403, "Refused", method="POST")] if is_open else []


def register_integrations(stripe_kind: str, hook_kind: str) -> None:
    slots.integrations.register(
        "stripe",
        slots.Integration(
            "Stripe", "Subscriptions, payments and refunds come in by themselves", "credit-card", "billing:page",
            _look(stripe_kind, looks=True), lambda seen: _says(bool(secrets.stripe_signing(clock.now())), seen),
            ways_in=lambda: _knock("stripe", bool(secrets.stripe_signing(clock.now()))), order=40,
        ),
    )  # fmt: skip
    slots.integrations.register(
        "billing hook",
        slots.Integration(
            "Other billing systems", "The same facts, by a signed hook", "receipt", "billing:page",
            _look(hook_kind, looks=False), lambda seen: _says(bool(secrets.hook(clock.now())), seen),
            ways_in=lambda: _knock("billing", bool(secrets.hook(clock.now()))), order=41,
        ),
    )  # fmt: skip
