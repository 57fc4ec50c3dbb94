"""The way out for mail, on the page of integrations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from crm import slots
from crm.slots import Connection, Traffic

#: Older failures are with those who decide on mail.
_LATELY = timedelta(hours=24)

_LOOK = """
    SELECT 1::bigint AS many,
        (SELECT settled_at FROM crm_outboundmessage WHERE state = 'sent' ORDER BY settled_at DESC NULLS LAST LIMIT 1)
            AS last_at,
        coalesce((SELECT reason FROM crm_outboundmessage
            WHERE state = 'failed' AND channel = 'email' AND settled_at > %s ORDER BY id DESC LIMIT 1), '') AS trouble
"""


def _look(now: datetime) -> tuple[str, Sequence[Any]]:
    return _LOOK, [now - _LATELY]


def _says(seen: Traffic) -> Connection:
    if not settings.EMAIL_URL:
        return Connection("Not set up", note="Set EMAIL_URL in .env: until then mail waits.")
    return Connection("Has failures" if seen.trouble else "Set up", "warn" if seen.trouble else "good")


def register_integrations() -> None:
    slots.integrations.register(
        "mail",
        slots.Integration(
            "Mail out", "Letters to customers, and to you", "send", "senders:list", _look, _says,
            test=("settings:test_mail",), can_be_tested=lambda: bool(settings.EMAIL_URL), order=10,
        ),
    )  # fmt: skip
