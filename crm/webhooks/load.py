"""How the sending of webhooks stands, for the engine room and the alarm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from crm.slots import LATE, MOST, Load

# What waits at an endpoint that is off, fails or takes a break is held by it, and nobody here is late with it.
_SELECT = f"""
    SELECT e.id::text AS grp, e.name AS label, CASE WHEN open.goes THEN due.n ELSE 0 END AS due,
        CASE WHEN open.goes THEN due.late ELSE 0 END AS late, CASE WHEN open.goes THEN 0 ELSE due.n END AS held,
        failed.n AS parked, 0::bigint AS uncertain, 0::bigint AS failed,
        CASE WHEN open.goes THEN due.oldest END AS oldest_due,
        CASE WHEN NOT e.is_on THEN 'The webhook is off.' WHEN NOT open.goes THEN 'Its address does not answer.' ELSE ''
            END AS because
    FROM crm_webhookendpoint e
    CROSS JOIN LATERAL (SELECT e.is_on AND e.failures = 0 AND (e.paused_until IS NULL OR e.paused_until <= %s) AS goes)
        AS open
    CROSS JOIN LATERAL (
        SELECT count(*) AS n, count(*) FILTER (WHERE due_at < %s) AS late, min(due_at) AS oldest FROM (
            SELECT due_at FROM crm_webhookdelivery d WHERE d.endpoint_id = e.id AND d.state IN ('waiting', 'sending')
                AND d.due_at <= %s ORDER BY due_at LIMIT {MOST + 1}) AS some_of_it) AS due
    CROSS JOIN LATERAL (
        SELECT count(*) AS n FROM (SELECT FROM crm_webhookdelivery d
            WHERE d.endpoint_id = e.id AND d.state = 'failed' LIMIT {MOST + 1}) AS some_of_it) AS failed
    WHERE e.removed_at IS NULL
"""  # noqa: S608  (constants of ours)


def select(now: datetime) -> tuple[str, Sequence[Any]]:
    return _SELECT, [now, now - LATE, now]


def address(group: str, figure: str) -> str:
    tab = {"due": "waiting", "late": "waiting", "held": "waiting", "parked": "failed"}.get(figure, "all")
    return f"{reverse('webhooks:endpoint', args=[group])}?tab={tab}" if group.isdecimal() else ""


def waits(load: Load) -> str:
    return f"webhooks to {load.label}"
