"""A test of an endpoint: a delivery like any other, made at once, so that whoever asks sees the answer."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from crm.history.actions import act
from crm.team.models import User
from crm.webhooks.enqueueing import enqueue
from crm.webhooks.models import WebhookDelivery, WebhookEndpoint
from crm.webhooks.sending import try_now
from crm.webhooks.sending.claim import LEASE

TESTED = "webhook.tested"
#: The kind of what is sent.
KIND = "webhook.test"


def send_test(endpoint: WebhookEndpoint, by: User, now: datetime) -> WebhookDelivery:
    """Takes as long as a request may. It is tried once: whoever asks reads the answer, and asks again."""
    data = {"webhook": endpoint.name, "by": str(by), "text": "A test. Nothing has happened."}
    with act(TESTED, f"tested the webhook “{endpoint}”", by, now):
        pk = enqueue(endpoint, f"test:{uuid4()}", KIND, data, now)
        assert pk is not None  # its key is new
        WebhookDelivery.objects.filter(pk=pk).update(due_at=now + LEASE)  # no worker is quicker than we
    try_now(pk, now)
    waiting = WebhookDelivery.objects.filter(pk=pk, state=WebhookDelivery.State.WAITING)
    waiting.update(state=WebhookDelivery.State.FAILED, settled_at=now)
    return WebhookDelivery.objects.get(pk=pk)
