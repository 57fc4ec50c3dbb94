"""Telling an endpoint something that stands on no timeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from crm.webhooks.composing import wrapped
from crm.webhooks.models import WebhookEndpoint

_INSERT = """
    INSERT INTO crm_webhookdelivery (endpoint_id, key, kind, body, due_at, created_at)
    SELECT id, %(key)s, %(kind)s, %(body)s, %(now)s, %(now)s FROM crm_webhookendpoint
    WHERE id = %(endpoint)s AND removed_at IS NULL
    ON CONFLICT DO NOTHING RETURNING id
"""


def enqueue(endpoint: WebhookEndpoint, key: str, kind: str, data: Mapping[str, Any], now: datetime) -> int | None:
    """Plan a delivery in the caller's transaction; returns its id.

    `key` (up to 200 characters) makes it once for its endpoint, whatever is repeated: None if it was known, or the
    endpoint has been removed. `kind` is the `type` of the body, noun.verb. `data` must be JSON.
    """
    values: dict[str, Any] = {
        "endpoint": endpoint.pk,
        "key": key,
        "kind": kind,
        "body": wrapped(kind, now, data),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        row = cursor.fetchone()
    return int(row[0]) if row else None
