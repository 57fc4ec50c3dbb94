"""A campaign as people write it. What it does when it is planned stands in the version of its workflow."""

from __future__ import annotations

import hashlib
import json
from datetime import time
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.history.tracking import changes_of
from crm.segments.models import Segment
from crm.web import clock
from retention.workflows.models import Workflow


class Campaign(models.Model):
    """One letter, or two wordings of it, to everybody of an audience on one day."""

    class Kind(models.TextChoices):
        NEWS = "news", "News or an offer"  # marketing: only to those who said yes to it
        SERVICE = "service", "About what they use"  # service: to everybody who has not refused
        CRISIS = "crisis", "In a crisis"  # leaves in spite of caps and quiet hours; a second admin says yes first

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        ASKED = "asked", "Waits for a yes"
        PLANNED = "planned", "Planned"  # or under way, or over: its workflow and the clock say which
        CALLED_OFF = "called_off", "Called off"

    class Who(models.TextChoices):
        READER = "reader", "One person of each customer, who reads for them"
        EVERYBODY = "everybody", "Everybody whom we know there"

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.NEWS)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    topic = models.CharField(max_length=60, blank=True)  # slug of what it is about; blank: of nothing in particular

    segment = models.ForeignKey(Segment, models.PROTECT, null=True, blank=True, related_name="+")  # null: all customers
    follows = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")  # those whom that one reached
    who = models.CharField(max_length=10, choices=Who, default=Who.READER)
    day = models.DateField(null=True, blank=True)
    hour = models.TimeField(default=time(9))  # where each of them is
    over_hours = models.PositiveSmallIntegerField(default=0)  # spread over so many hours from then on; 0: all at once

    subject = models.CharField(max_length=300, blank=True)
    body = models.TextField(max_length=20_000, blank=True)
    other_subject = models.CharField(max_length=300, blank=True)  # a second wording, to see which works better
    other_body = models.TextField(max_length=20_000, blank=True)
    other_share = models.PositiveSmallIntegerField(default=50)  # % of the audience who get the second wording

    workflow = models.OneToOneField(Workflow, models.PROTECT, null=True, related_name="+")  # once it was planned
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    planned_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(other_share__range=(1, 99)), name="campaign_share_of_both"),
            models.CheckConstraint(condition=~Q(state="planned") | Q(workflow__isnull=False), name="campaign_runs"),
        ]
        indexes = [models.Index(fields=["-id"], condition=Q(state="asked"), name="campaign_asked")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether its words may still be changed."""
        return self.state == self.State.DRAFT

    @property
    def is_crisis(self) -> bool:
        return self.kind == self.Kind.CRISIS

    @property
    def tries_two(self) -> bool:
        return bool(self.other_subject or self.other_body)

    @property
    def digest(self) -> str:
        """Of all that decides what leaves, and to whom: another one as soon as anything of it is changed."""
        said = [str(getattr(self, name)) for name in WRITTEN]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


#: The columns by which a campaign is written, and `follows`, which it was made with.
WRITTEN = (
    "name", "kind", "topic", "segment_id", "who", "day", "hour", "over_hours", "subject", "body", "other_subject",
    "other_body", "other_share", "follows_id",
)  # fmt: skip


class CampaignChange(
    changes_of(  # type: ignore[misc]
        Campaign,
        {
            "name": "name",
            "kind": "kind",
            "state": "state",
            "topic": "topic",
            "segment_id": "segment",
            "who": "who",
            "day": "day",
            "hour": "hour",
            "over_hours": "hours to spread it over",
            "subject": "subject",
            "body": "text",
            "other_subject": "second subject",
            "other_body": "second text",
            "other_share": "share of the second",
            "approved_by_id": "approved by",
        },
    )
):  # fmt: skip
    """What was written, planned and called off, by whom."""


#: What a form gives: the columns by which a campaign is written.
type Written = dict[str, Any]
