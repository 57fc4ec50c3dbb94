"""Endpoints on and off: by people, and by us when nothing is taken there any more."""

from __future__ import annotations

from datetime import datetime

from crm import slots
from crm.history.actions import act
from crm.history.models import Act
from crm.team.models import User
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint

#: The kinds of acts, and of the notification.
OFF, ON, GIVEN_UP = "webhook.off", "webhook.on", "webhook.given_up"

State = WebhookDelivery.State


def switch_off(row: WebhookEndpoint, by: User | None, now: datetime) -> Act:
    """What happens meanwhile waits, as long as deliveries are kept at all."""
    with act(OFF, f"switched the webhook “{row}” off", by, now) as done:
        here = WebhookEndpoint.objects.filter(pk=row.pk, is_on=True)
        here.update(is_on=False, off_because="", off_since=now)
    return done


def switch_on(row: WebhookEndpoint, by: User | None, now: datetime, *, send_missed: bool) -> Act:
    """With a clean record. What waits is sent, or not: then it is marked so, slice by slice."""
    label = f"switched the webhook “{row}” on, {'with' if send_missed else 'without'} what it missed"
    with act(ON, label, by, now) as done:
        locked = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=row.pk)
        locked.is_on, locked.off_because, locked.off_since = True, "", None
        locked.failures, locked.failing_since, locked.paused_until = 0, None, None
        locked.skip_before = locked.skip_before if send_missed else now
        locked.save(
            update_fields=["is_on", "off_because", "off_since", "failures", "failing_since", "paused_until",
                           "skip_before"]
        )  # fmt: skip
    return done


def give_up(row: WebhookEndpoint, why: str, now: datetime) -> None:
    """Off, and admins are told. The caller has locked the row."""
    row.is_on, row.off_because, row.off_since = False, why[:300], now
    with act(GIVEN_UP, f"switched the webhook “{row}” off: {why}", None, now):
        row.save(update_fields=["is_on", "off_because", "off_since"])
    admins = User.objects.filter(is_active=True, role="admin").values_list("pk", flat=True)
    text = f"The webhook “{row}” was switched off. {why} What happens now waits until you switch it on."
    slots.tell(list(admins), OFF, text, row.get_absolute_url(), now, key=f"webhook-off:{row.pk}:{now.isoformat()}")


def skip_missed(now: datetime, size: int) -> int:
    """Mark what is not to be sent any more since its endpoint was switched on without it. Returns how many."""
    moved = 0
    for row in WebhookEndpoint.objects.filter(skip_before__isnull=False):
        waiting = WebhookDelivery.objects.filter(endpoint=row, state=State.WAITING, created_at__lt=row.skip_before)
        ids = list(waiting.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True)[:size])
        why = "The endpoint was off; whoever switched it on did not want what it had missed."
        WebhookDelivery.objects.filter(pk__in=ids).update(state=State.SKIPPED, error=why, settled_at=now)
        if not ids and not waiting.exists():
            WebhookEndpoint.objects.filter(pk=row.pk, skip_before=row.skip_before).update(skip_before=None)
        moved += len(ids)
    return moved
