"""Telling an endpoint something that stands on no timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from crm.webhooks.composing import wrapped
from crm.webhooks.models import WebhookEndpoint

_INSERT = """
    INSERT INTO crm_webhookdelivery (endpoint_id, key, kind, body, due_at, created_at)
    SELECT e.id, n.key, %(kind)s, n.body, %(now)s, %(now)s
    FROM crm_webhookendpoint e, jsonb_to_recordset(%(new)s) AS n(key text, body text)
    WHERE e.id = %(endpoint)s AND e.removed_at IS NULL
    ON CONFLICT DO NOTHING RETURNING id
"""


def enqueue(endpoint: WebhookEndpoint, key: str, kind: str, data: Mapping[str, Any], now: datetime) -> int | None:
    """Plan a delivery in the caller's transaction; returns its id.

    `key` (up to 200 characters) makes it once for its endpoint, whatever is repeated: None if it was known, or the
    endpoint has been removed. `kind` is the `type` of the body, noun.verb. `data` must be JSON.
    """
    return next(iter(enqueue_each(endpoint, [(key, data)], kind, now)), None)


def enqueue_each(
    endpoint: WebhookEndpoint, many: Sequence[tuple[str, Mapping[str, Any]]], kind: str, now: datetime
) -> list[int]:
    """As `enqueue`, for many keys with their data in one statement; returns the ids of those that are new."""
    new = [{"key": key, "body": wrapped(kind, now, data)} for key, data in many]
    values: dict[str, Any] = {"endpoint": endpoint.pk, "kind": kind, "now": now, "new": Jsonb(new)}
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        return [int(row[0]) for row in cursor.fetchall()]
