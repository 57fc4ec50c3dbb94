"""The one timeline: whatever happens to a customer, append-only, and the queue of facts nobody has reacted to yet."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from crm.team.models import VisibleQuerySet
from crm.web import clock


class TimelineQuerySet(VisibleQuerySet["TimelineEntry"]):
    def newest_first(self) -> TimelineQuerySet:
        return self.order_by("-occurred_at", "-id")


class TimelineEntry(models.Model):
    """One fact about an account or one of its people. Written by `record()`, never changed."""

    class Source(models.TextChoices):
        PERSON = "person", "Somebody of ours"
        CUSTOMER = "customer", "The customer"
        AUTOMATIC = "automatic", "Holdfast"
        IMPORT = "import", "Imported"

    account = models.ForeignKey("crm.Account", models.CASCADE, related_name="entries")
    contact = models.ForeignKey("crm.Contact", models.SET_NULL, null=True, related_name="entries")
    kind = models.CharField(max_length=60)  # noun.verb, such as contract.started
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    source = models.CharField(max_length=10, choices=Source)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    channel = models.CharField(max_length=20, blank=True)  # email, phone, product, …; blank for facts without one
    text = models.TextField(blank=True)  # one sentence for people
    payload = models.JSONField(default=dict)
    key = models.CharField(max_length=200, null=True)  # of a fact that must be recorded once

    objects = TimelineQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["account", "-occurred_at", "-id"], name="entry_of_account"),
            models.Index(fields=["kind", "-occurred_at", "-id"], name="entry_of_kind"),
            models.Index(
                fields=["contact", "-occurred_at", "-id"], condition=Q(contact__isnull=False), name="entry_of_contact"
            ),
            BrinIndex(fields=["recorded_at"], name="entry_recorded"),
        ]
        constraints = [models.UniqueConstraint("key", name="entry_key_once")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


#: A setting of the session, for one transaction: facts that it records come of so many workflows in a row.
DEPTH = "holdfast.depth"


def _depth_of_session() -> Coalesce:
    said = Func(Value(DEPTH), Value(True), function="current_setting", output_field=models.TextField())
    return Coalesce(Cast(NullIf(said, Value("")), models.SmallIntegerField()), Value(0))


class Pending(models.Model):
    """A fact that workflows have not looked at yet. Claimed with SKIP LOCKED and deleted when matched.

    There is no watermark of the last id: ids commit out of order.
    """

    entry = models.OneToOneField(TimelineEntry, models.CASCADE, related_name="pending")
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)  # it failed, and is tried again then
    parked_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    #: So many workflows set each other off before it: the session says so while one of their steps records.
    depth = models.SmallIntegerField(db_default=_depth_of_session())

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=Q(parked_at=None), name="pending_open"),
            models.Index(fields=["-id"], condition=Q(parked_at__isnull=False), name="pending_parked"),
            models.Index(
                fields=["attempts", "id"], condition=Q(parked_at=None, attempts__gt=0), name="pending_suspect"
            ),
        ]

    def __str__(self) -> str:
        return f"pending {self.entry_id}"
