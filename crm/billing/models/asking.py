"""What we ask billing systems: to try a payment again, to do what was decided here, and what they know that no webhook
told."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from crm.team.models import VisibleQuerySet
from crm.team.permissions import allows
from crm.web import clock


class Asked(models.Model):
    """Something that a billing system is asked to do, once: see crm.billing.stripe.turns. `state` is waiting or sending
    until somebody knows what came of it; `uncertain` when nobody does."""

    reason = models.CharField(max_length=300, blank=True)  # why not, or why nobody could be asked
    code = models.CharField(max_length=60, blank=True)  # the same, as the billing system calls it
    asked_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField()  # waiting: nobody takes it before; sending: then whoever took it is taken for dead
    first_sent_at = models.DateTimeField(null=True)  # its idempotency key is known there from then on
    tries = models.PositiveSmallIntegerField(default=0)
    claims = models.PositiveIntegerField(default=0)  # only the latest one counts
    settled_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class AttemptQuerySet(VisibleQuerySet["PaymentAttempt"]):
    owner_path = "payment__account__owner"


class PaymentAttempt(Asked):
    """That somebody wants a payment tried again, once for its key; and what came of it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being asked"
        TOLD = "told", "Told to the billing system"  # which has no answer for us: a later fact settles it
        SUCCEEDED = "succeeded", "Succeeded"
        DECLINED = "declined", "Declined"
        UNCERTAIN = "uncertain", "Uncertain"  # asked, perhaps; what billing reports next says more
        CANCELLED = "cancelled", "Not needed any more"
        FAILED = "failed", "Could not be asked"

    #: Nothing more comes of it.
    SETTLED = (State.SUCCEEDED, State.DECLINED, State.UNCERTAIN, State.CANCELLED, State.FAILED)

    payment = models.ForeignKey("crm.Payment", models.CASCADE, related_name="retries")
    key = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    was = models.PositiveSmallIntegerField(default=0)  # how often the payment had been tried before

    objects = AttemptQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("key", name="paymentattempt_once")]
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="paymentattempt_due", condition=Q(state__in=["waiting", "sending"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.payment}: {self.get_state_display().lower()}"


class SettingsRows(models.QuerySet[Any]):
    """What belongs to the house: to whoever may change its settings."""

    def visible_to(self, user: Any) -> Self:
        return self if allows(user, "manage_settings") else self.none()


class BillingLook(models.Model):
    """One look at all that a billing system knows, page by page; killed at any moment, it goes on where it was."""

    source = models.CharField(max_length=40, default="stripe")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    since = models.DateTimeField(null=True)  # events from then on; null: all objects, since there was no look before
    stage = models.PositiveSmallIntegerField(default=0)
    after = models.CharField(max_length=120, blank=True)  # the last id of the page before
    next_at = models.DateTimeField()  # nobody goes on before
    failures = models.PositiveSmallIntegerField(default=0)  # one after the other
    trouble = models.CharField(max_length=300, blank=True)
    seen = models.PositiveIntegerField(default=0)
    mended = models.PositiveIntegerField(default=0)
    by_hand = models.BooleanField(default=False)

    objects = SettingsRows.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("source", condition=Q(finished_at=None), name="billinglook_one_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.source} at {self.started_at:%Y-%m-%d %H:%M}"


class BillingDifference(models.Model):
    """Something a look found that no webhook had told."""

    look = models.ForeignKey(BillingLook, models.CASCADE, related_name="differences")
    kind = models.CharField(max_length=10)
    external_id = models.CharField(max_length=120)
    what = models.CharField(max_length=300)
    mended = models.BooleanField()
    why_not = models.CharField(max_length=300, blank=True)
    found_at = models.DateTimeField()

    objects = SettingsRows.as_manager()

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}: {self.what}"
