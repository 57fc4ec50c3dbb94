"""Sending again what was sent or failed: one, or all that failed in a time. It arrives under its old webhook-id."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from crm.history.actions import act
from crm.team.models import User
from crm.webhooks.actions.endpoints import WebhookError
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookReplay

ONE, MANY = "webhook.replayed", "webhook.replayed_many"
State = WebhookDelivery.State

#: Deliveries that one slice brings back, and above which nobody counts how many there will be.
_SLICE, COUNTED = 500, 10_000


def replay(delivery: WebhookDelivery, by: User | None, now: datetime) -> None:
    """With as many tries as a new one. Raises WebhookError."""
    with transaction.atomic():
        row = WebhookDelivery.objects.select_for_update(no_key=True, of=("self",))
        found = row.get(pk=delivery.pk)
        if not found.can_be_replayed:
            raise WebhookError("It is on its way already.")
        _demand_on(found.endpoint)
        with act(ONE, f"sent a webhook again to “{found.endpoint}”", by, now, {"delivery": found.pk}):
            found.state, found.due_at, found.tries, found.settled_at = State.WAITING, now, 0, None
            found.save(update_fields=["state", "due_at", "tries", "settled_at"])


def replay_failed(
    endpoint: WebhookEndpoint, since: datetime, until: datetime, by: User | None, now: datetime
) -> WebhookReplay:
    """Let a worker bring back all that failed from `since` to `until`, both with them. Raises WebhookError."""
    _demand_on(endpoint)
    if until <= since:
        raise WebhookError("The end must be after the beginning.", "until")
    made = WebhookReplay(endpoint=endpoint, since=since, until=until, by=by, asked_at=now)
    made.total = _failed(made).order_by()[: COUNTED + 1].count()
    if not made.total:
        raise WebhookError("Nothing failed in that time.", "since")
    try:
        with act(MANY, f"sent all again that had failed at “{endpoint}”", by, now, {"since": since.isoformat()}):
            made.save()
    except IntegrityError:
        raise WebhookError("Somebody has asked for that already, and it goes on. Wait until it is done.") from None
    return made


def _demand_on(endpoint: WebhookEndpoint) -> None:
    if not endpoint.is_on:
        raise WebhookError("It is off, so nothing leaves. Switch it on first.")


def _failed(asked: WebhookReplay) -> Any:
    rows = WebhookDelivery.objects.filter(endpoint_id=asked.endpoint_id, state=State.FAILED)
    return rows.filter(settled_at__gte=asked.since, settled_at__lte=asked.until, pk__gt=asked.position)


_AGAIN = """
    UPDATE crm_webhookdelivery SET state = 'waiting', due_at = %(now)s, tries = 0, settled_at = NULL
    WHERE id = ANY(%(ids)s)
"""


@transaction.atomic
def bring_back(now: datetime) -> int:
    """The next slice of what somebody wants again. Returns how many deliveries, or 1 for one that is finished."""
    asked = WebhookReplay.objects.select_for_update(skip_locked=True).filter(finished_at=None).order_by("pk").first()
    if asked is None:
        return 0
    rows = _failed(asked).select_for_update(no_key=True).order_by("pk")
    ids = list(rows.values_list("pk", flat=True)[:_SLICE])
    with connection.cursor() as cursor:
        cursor.execute(_AGAIN, {"now": now, "ids": ids})
    asked.moved, asked.position = asked.moved + len(ids), ids[-1] if ids else asked.position
    asked.total = max(asked.total, asked.moved)
    if len(ids) < _SLICE:
        asked.finished_at = now
    asked.save(update_fields=["moved", "position", "total", "finished_at"])
    return len(ids) or 1
