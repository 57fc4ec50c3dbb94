"""What webhooks give to others: what follows from facts, their work, a notification, pages, and a card."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crm import slots
from crm.history.undoing import irrevocable
from crm.webhooks import load, sending
from crm.webhooks.actions import endpoints, replaying, sweeping, switching, trying
from crm.webhooks.erasing import forget_in_deliveries
from crm.webhooks.following import FOLLOW
from crm.webhooks.models import WebhookEndpoint

slots.fact_followers.register("webhooks", FOLLOW)
slots.work.register("webhooks", slots.Work(sending.work, sending.next_due, order=60))
slots.work.register("webhooks asked for", slots.Work(sweeping.tidy, lambda now: None, order=61))
slots.work.register("old webhooks", slots.Work(sweeping.sweep, sweeping.next_sweep, order=62))
slots.loads.register("webhooks", slots.LoadSource("Webhooks", load.select, load.address, load.waits, order=60))
slots.traces.register("webhooks", forget_in_deliveries)
slots.notification_kinds.register(
    switching.OFF,
    slots.NotificationKind(
        "Webhook switched off", "Nothing was taken at its address for a day. Told to admins.", "webhook", order=90
    ),
)
for _kind, _because in {
    endpoints.MADE: "Remove the webhook instead.",
    endpoints.ROTATED: "A secret that was shown is known. The former one signs for a day; give it another.",
    endpoints.REVEALED: "A secret that was shown is known. Give it another one instead.",
    switching.GIVEN_UP: "Switch it on again on its page, where you say what becomes of what it missed.",
    replaying.ONE: "What has left cannot be called back.",
    replaying.MANY: "What has left cannot be called back.",
    trying.TESTED: "What has left cannot be called back.",
}.items():
    irrevocable.register(_kind, _because)
slots.settings_pages.register(
    "webhooks",
    slots.SettingsPage(
        "Webhooks", "Tell other systems what happens here", "webhook", "webhooks:list", "Installation", 27,
        keywords="integrations events http post signature standard webhooks zapier n8n outgoing",
    ),
)  # fmt: skip


def _removed_with_the_demo(now: datetime) -> None:
    """Those of its story; somebody's own stay."""
    WebhookEndpoint.objects.filter(created_by=None).delete()


slots.kept_tables.register("crm.WebhookEndpoint", slots.KeptTable(_removed_with_the_demo))


_LOOK = """
    SELECT count(*) AS many, max(answered_at) AS last_at, coalesce((
        SELECT name || CASE WHEN is_on THEN ' fails: ' || answer ELSE ' was switched off: ' || off_because END
        FROM crm_webhookendpoint
        WHERE removed_at IS NULL AND ((is_on AND failures > 0) OR off_because <> '') ORDER BY id
        LIMIT 1), '') AS trouble
    FROM crm_webhookendpoint WHERE removed_at IS NULL
"""


def _look(now: datetime) -> tuple[str, Sequence[Any]]:
    return _LOOK, []


def _says(seen: slots.Traffic) -> slots.Connection:
    if not seen.many:
        return slots.Connection("Not set up")
    return slots.Connection(f"{seen.many} webhook{'' if seen.many == 1 else 's'}", "bad" if seen.trouble else "good")


slots.integrations.register(
    "webhooks",
    slots.Integration(
        "Webhooks",
        "Your systems are told what happens here",
        "webhook",
        "webhooks:list",
        _look,
        _says,
        test=("webhooks:test_all",),
        can_be_tested=lambda: WebhookEndpoint.objects.running().exists(),
        order=50,
    ),
)
