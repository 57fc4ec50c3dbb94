"""Who has messages in hand, and what was decided about them."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models

from crm.outbox.models.messages import OutboundMessage
from crm.team.models import User
from crm.web import clock


class Slice(models.Model):
    """The messages that one sender has claimed, as long as it works on them.

    It names the sender's database session: when that is gone, so is the sender. The messages are arrays rather than
    rows, because a slice comes and goes four times a second.
    """

    message_ids = ArrayField(models.BigIntegerField())
    attempts = ArrayField(models.IntegerField())  # of each message, as it was claimed
    backend_pid = models.IntegerField()
    backend_start = models.DateTimeField()
    lease_until = models.DateTimeField()
    cleared = models.BooleanField(default=False)  # what still waits had nothing to do with the sender's death

    def __str__(self) -> str:
        return f"{len(self.message_ids)} messages until {self.lease_until:%H:%M:%S}"


class Decision(models.Model):
    """What was decided about a message on its way, and why: kept for each move, refusal, failure and sending."""

    message = models.ForeignKey(OutboundMessage, models.CASCADE, related_name="decisions", db_index=False)
    at = models.DateTimeField(default=clock.now)
    verdict = models.CharField(max_length=12)  # moved | skipped | sending | sent | failed | uncertain | cancelled | …
    guard = models.CharField(max_length=40, blank=True)  # quiet-hours, cap, consent, suppression, late, …
    reason = models.CharField(max_length=300)
    facts = models.JSONField(default=dict)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["message", "id"], name="decision_of_message")]

    def __str__(self) -> str:
        return self.reason

    @property
    def until(self) -> datetime | None:
        """To when it was moved or put off, if it was."""
        return datetime.fromisoformat(self.facts["until"]) if "until" in self.facts else None
