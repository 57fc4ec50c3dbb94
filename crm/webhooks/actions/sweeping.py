"""Letting go of what was told long ago."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Min

from crm.history.rules import UNDO_DAYS
from crm.webhooks.actions.replaying import bring_back
from crm.webhooks.actions.switching import skip_missed
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookHour, WebhookReplay

_SLICE = 1000


def _kept() -> timedelta:
    return timedelta(days=settings.WEBHOOK_DAYS)


@transaction.atomic
def tidy(now: datetime) -> int:
    """What people have asked for: to skip what was missed, to send again what failed. Returns how many rows moved."""
    return skip_missed(now, _SLICE) + bring_back(now)


@transaction.atomic
def sweep(now: datetime) -> int:
    """Remove deliveries that are too old, sent or not, and endpoints whose removal can no longer be undone.

    What waits at an endpoint that is off goes too: nobody has wanted it for so long. Returns how many rows.
    """
    old = WebhookDelivery.objects.filter(created_at__lt=now - _kept()).exclude(state=WebhookDelivery.State.SENDING)
    ids = list(old.select_for_update(skip_locked=True).order_by("created_at").values_list("pk", flat=True)[:_SLICE])
    WebhookDelivery.objects.filter(pk__in=ids).delete()
    if ids:
        return len(ids)
    WebhookHour.objects.filter(hour__lt=now - _kept()).delete()
    WebhookReplay.objects.filter(finished_at__lt=now - _kept()).delete()
    gone = WebhookEndpoint.objects.filter(removed_at__lt=now - max(_kept(), timedelta(days=UNDO_DAYS)))
    gone.filter(deliveries=None).delete()
    return 0


def next_sweep(now: datetime) -> datetime | None:
    """When the next deliveries go."""
    oldest: datetime | None = WebhookDelivery.objects.aggregate(at=Min("created_at"))["at"]
    return max(oldest + _kept(), now) if oldest and oldest + _kept() > now else None
