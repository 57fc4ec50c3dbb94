"""What is told to an endpoint, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q

from crm.team.models import User
from crm.team.permissions import allows
from crm.web import clock
from crm.web.addresses import address
from crm.webhooks.models.endpoints import WebhookEndpoint


class DeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def visible_to(self, user: Any) -> Self:
        """Those of endpoints that are there, to whoever may see these."""
        return self.filter(endpoint__removed_at=None) if allows(user, "manage_settings") else self.none()


class WebhookDelivery(models.Model):
    """One thing to tell one endpoint. Written with the fact; its body is written when it is tried first."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        DONE = "done", "Delivered"
        FAILED = "failed", "Failed"  # given up: a person decides
        SKIPPED = "skipped", "Not sent"

    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries", db_index=False)
    #: What it tells of. Nothing looks for deliveries when an entry goes: one that was not sent then says nothing.
    entry = models.ForeignKey(
        "crm.TimelineEntry", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    key = models.CharField(max_length=200, null=True)  # of one that brings its own words: once for its endpoint
    uid = models.UUIDField(db_default=RandomUUID())  # in webhook-id, whatever is repeated, restored or replayed
    kind = models.CharField(max_length=60)  # `type` in the body
    body = models.TextField(null=True)  # as it was sent; null: not written yet, or of somebody who was erased
    state = models.CharField(max_length=10, choices=State, default=State.WAITING, db_default=State.WAITING)
    due_at = models.DateTimeField()  # waiting: nobody takes it before; sending: then whoever took it is taken for dead
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)  # of this round
    claims = models.PositiveIntegerField(default=0, db_default=0)  # ever; only the latest one counts
    status = models.PositiveSmallIntegerField(null=True)  # of the last answer
    error = models.CharField(max_length=300, blank=True, db_default="")  # why there was none, or why it was not sent
    answer = models.TextField(blank=True, db_default="")  # the beginning of the last one
    log: models.JSONField[Any, Any] = models.JSONField(default=list, db_default=[])  # the latest tries, see `logged`
    created_at = models.DateTimeField(default=clock.now)
    settled_at = models.DateTimeField(null=True)  # done, failed or skipped

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = "webhook delivery"
        constraints = [
            models.UniqueConstraint("endpoint", "entry", condition=Q(entry__isnull=False), name="delivery_once"),
            models.UniqueConstraint("endpoint", "key", condition=Q(key__isnull=False), name="delivery_key_once"),
            models.UniqueConstraint("uid", name="delivery_uid_once"),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "due_at", "id"], condition=Q(state__in=["waiting", "sending"]), name="delivery_due"
            ),
            models.Index(fields=["endpoint", "-id"], name="delivery_of_endpoint"),
            models.Index(fields=["endpoint", "state", "-id"], name="delivery_of_state"),
            models.Index(fields=["created_at"], name="delivery_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.endpoint}"

    def get_absolute_url(self) -> str:
        return address("webhooks:delivery", self.pk)

    @property
    def webhook_id(self) -> str:
        """By which receivers know it again."""
        return f"msg_{self.uid.hex}"

    @property
    def can_be_replayed(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED, self.State.SKIPPED)


def logged(at: datetime, status: int | None, error: str, seconds: float) -> dict[str, Any]:
    """A try, as the log of a delivery keeps it."""
    return {"at": at.isoformat(), "status": status, "error": error, "ms": round(seconds * 1000)}


class WebhookReplay(models.Model):
    """That somebody wants all of an endpoint that failed in a time to be sent again: a worker does it in slices."""

    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="replays")
    since = models.DateTimeField()  # of their failing …
    until = models.DateTimeField()
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    total = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    position = models.BigIntegerField(default=0)  # the last delivery that was looked at
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("endpoint", condition=Q(finished_at=None), name="webhookreplay_one_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.moved} of {self.total}"

    @property
    def percent(self) -> int:
        return 100 if not self.total else min(100, self.moved * 100 // self.total)
