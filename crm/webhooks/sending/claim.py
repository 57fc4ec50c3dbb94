"""Which deliveries this worker takes: a few of each endpoint, so that none keeps the others waiting."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from crm.webhooks import rules
from crm.webhooks.models import WebhookDelivery
from crm.webhooks.sending.writing import Letter, write

#: A worker that has not noted what became of a request by then is taken for dead: well over what a request may take.
LEASE = timedelta(seconds=60)

# The endpoint's row is held while its deliveries are chosen: two workers together give it no more than it may have.
# What a dead worker held has come due again by itself. The order is by chance, so that none is always the last.
_CLAIM = """
    WITH open AS MATERIALIZED (
        SELECT e.id, e.failures, e.skip_before FROM crm_webhookendpoint e
        WHERE e.is_on AND e.removed_at IS NULL AND (e.paused_until IS NULL OR e.paused_until <= %(now)s)
            AND EXISTS (SELECT FROM crm_webhookdelivery d WHERE d.endpoint_id = e.id
                AND d.state IN ('waiting', 'sending') AND d.due_at <= %(now)s)
        ORDER BY random() FOR NO KEY UPDATE SKIP LOCKED
    ), room AS (
        SELECT id, skip_before, CASE WHEN failures > 0 THEN 1 ELSE %(most)s END - (
            SELECT count(*) FROM crm_webhookdelivery d WHERE d.endpoint_id = open.id
                AND d.state = 'sending' AND d.due_at > %(now)s) AS free
        FROM open
    ), chosen AS (
        SELECT due.id FROM room CROSS JOIN LATERAL (
            SELECT d.id FROM crm_webhookdelivery d
            WHERE d.endpoint_id = room.id AND d.state IN ('waiting', 'sending') AND d.due_at <= %(now)s
                AND (room.skip_before IS NULL OR d.created_at >= room.skip_before OR d.state = 'sending')
            ORDER BY d.due_at, d.id LIMIT greatest(room.free, 0) FOR NO KEY UPDATE SKIP LOCKED
        ) AS due LIMIT %(size)s
    )
    UPDATE crm_webhookdelivery SET state = 'sending', due_at = %(until)s, tries = tries + 1, claims = claims + 1
    WHERE id IN (SELECT id FROM chosen) RETURNING id
"""


@transaction.atomic
def claim(now: datetime, size: int) -> tuple[list[Letter], int]:
    """Take up to `size` of what is due, and write what is to be sent. Returns it, and how many were taken: of some
    nothing is to be sent. All is committed when this returns."""
    values: dict[str, Any] = {"now": now, "until": now + LEASE, "most": rules.IN_FLIGHT, "size": size}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        ids = [row[0] for row in cursor.fetchall()]
    return (write(ids, now), len(ids)) if ids else ([], 0)


@transaction.atomic
def claim_this(pk: int, now: datetime) -> list[Letter]:
    """The one, whatever stands against its endpoint, unless somebody is at it."""
    row = WebhookDelivery.objects.select_for_update(no_key=True).get(pk=pk)
    if row.state != WebhookDelivery.State.WAITING:
        return []
    row.state, row.due_at, row.tries, row.claims = row.State.SENDING, now + LEASE, row.tries + 1, row.claims + 1
    row.save(update_fields=["state", "due_at", "tries", "claims"])
    return write([pk], now)
