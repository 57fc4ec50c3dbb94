"""The alarm's memory: one row for each time that work stood still."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q


class Alarm(models.Model):
    """One episode, from the first look that found work waiting too long to the calm after the last."""

    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # the last look that found it so
    closed_at = models.DateTimeField(null=True)
    is_open = models.BooleanField(default=True)
    worst = models.DurationField(default=timedelta)  # the longest that anything had waited
    cause = models.CharField(max_length=300)  # the first one

    class Meta:
        constraints = [models.UniqueConstraint("is_open", condition=Q(is_open=True), name="alarm_open_once")]
        indexes = [models.Index(fields=["-opened_at"], name="alarm_latest")]

    def __str__(self) -> str:
        return self.cause
