"""Filters that people keep: saved views and segments."""

from __future__ import annotations

from django.db import models

from crm.team.models import User
from crm.web import clock


class Segment(models.Model):
    """A filter with a name, over one subject. Private to its owner unless shared."""

    name = models.CharField(max_length=80)
    subject = models.CharField(max_length=20)  # a name in `slots.filter_subjects`
    tree = models.JSONField(default=dict)
    owner = models.ForeignKey(User, models.CASCADE, related_name="segments")
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint("owner", "subject", "name", name="segment_name_once")]

    def __str__(self) -> str:
        return self.name
