"""Billing among the integrations: how it stands, in one look at what came and what was compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from crm import slots
from crm.billing import secrets
from crm.slots import Connection, Traffic, WayIn
from crm.web import clock

#: Payloads among which the last one is looked for: of one who was silent for longer no time is shown.
_LOOKED_AT = 5000
_LOOK = f"""
    SELECT (%s OR EXISTS (SELECT FROM crm_billingsettings WHERE {{secret}} <> ''))::int::bigint AS many,
        max(received_at) AS last_at, coalesce(
        (SELECT error FROM crm_inboundpayload WHERE state = 'failed' AND kind = ANY(%s) ORDER BY id DESC LIMIT 1),
        (SELECT nullif(trouble, '') FROM crm_billinglook WHERE %s ORDER BY id DESC LIMIT 1), '') AS trouble
    FROM crm_inboundpayload
    WHERE id > (SELECT coalesce(max(id), 0) FROM crm_inboundpayload) - {_LOOKED_AT} AND kind = ANY(%s)
"""  # noqa: S608  (a number of ours)


def _look(kind: str, secret: str, given: Callable[[], bool], *, looks: bool) -> Any:
    """`many` is 1 where a secret stands in the settings' column, or is given by the environment."""

    def look(now: datetime) -> tuple[str, Sequence[Any]]:
        return _LOOK.format(secret=secret), [given(), [kind], looks, [kind]]

    return look


def _says(seen: Traffic) -> Connection:
    if not seen.many:
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
            _look(stripe_kind, "stripe_signing", lambda: bool(settings.STRIPE_SIGNING_SECRETS), looks=True), _says,
            ways_in=lambda: _knock("stripe", bool(secrets.stripe_signing(clock.now()))), order=40,
        ),
    )  # fmt: skip
    slots.integrations.register(
        "billing hook",
        slots.Integration(
            "Other billing systems", "The same facts, by a signed hook", "receipt", "billing:page",
            _look(hook_kind, "hook_secret", lambda: bool(settings.BILLING_HOOK_SECRETS), looks=False), _says,
            ways_in=lambda: _knock("billing", bool(secrets.hook(clock.now()))), order=41,
        ),
    )  # fmt: skip
