"""Where webhooks go, and how it goes there."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from crm.history.tracking import changes_of
from crm.team.models import User
from crm.team.permissions import allows
from crm.web import clock
from crm.web.addresses import address


class EndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    def visible_to(self, user: Any) -> Self:
        """They belong to the house: to whoever may change its settings."""
        return self if allows(user, "manage_settings") else self.none()

    def there(self) -> Self:
        """Not removed."""
        return self.filter(removed_at=None)

    def running(self) -> Self:
        return self.there().filter(is_on=True)


class WebhookEndpoint(models.Model):
    """An address of somebody's that is told of what happens. What it asks for is set by people, how it goes by us."""

    name = models.CharField(max_length=80)
    url = models.CharField(max_length=500)
    everything = models.BooleanField(default=False)  # all kinds, those of tomorrow too
    kinds = ArrayField(models.CharField(max_length=60), default=list, blank=True)  # of facts, when not everything
    tree: models.JSONField[Any, Any] = models.JSONField(default=dict)  # whose facts: a filter of accounts
    with_texts = models.BooleanField(default=False)  # also what people wrote: notes, mails, tickets
    is_on = models.BooleanField(default=True)
    off_because = models.CharField(max_length=300, blank=True)  # when it was not a person who switched it off
    off_since = models.DateTimeField(null=True)
    secret = models.TextField()  # sealed: see crm.webhooks.secrets
    former_secret = models.TextField(blank=True)  # of before the rotation; it signs too, until …
    former_until = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    removed_at = models.DateTimeField(null=True)
    skip_before = models.DateTimeField(null=True)  # what waits since before then is not sent any more

    failures = models.PositiveIntegerField(default=0)  # one after the other, up to now
    failing_since = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)  # a break after failures, or one that was asked for
    answered_at = models.DateTimeField(null=True)  # the last try …
    answer = models.CharField(max_length=300, blank=True)  # … and what came of it: “200 OK”, or what went wrong

    objects = EndpointQuerySet.as_manager()

    class Meta:
        verbose_name = "webhook"
        constraints = [
            models.UniqueConstraint(Lower("name"), condition=Q(removed_at=None), name="webhook_name_once"),
            models.CheckConstraint(condition=~Q(name="") & ~Q(url=""), name="webhook_has_name_and_url"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("webhooks:endpoint", self.pk)

    def state(self, now: datetime) -> str:
        """off | failing | pausing | new | good: how it stands, for words and colours."""
        if not self.is_on:
            return "off"
        if self.failures:
            return "failing"
        if self.paused_until and self.paused_until > now:
            return "pausing"
        return "good" if self.answered_at else "new"


class WebhookEndpointChange(
    changes_of(  # type: ignore[misc]
        WebhookEndpoint,
        {
            "name": "name", "url": "address", "everything": "asks for everything", "kinds": "kinds", "tree": "filter",
            "with_texts": "texts", "is_on": "switched on", "off_because": "", "off_since": "", "removed_at": "removed",
        },
    )
):  # fmt: skip
    """A webhook as it was."""


class WebhookHour(models.Model):
    """How many tries of an hour were taken, and how many were not."""

    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="hours", db_index=False)
    hour = models.DateTimeField()
    good = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint("endpoint", "hour", name="webhookhour_once")]

    def __str__(self) -> str:
        return f"{self.good} of {self.good + self.bad}"
