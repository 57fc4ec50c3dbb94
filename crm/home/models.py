"""The alarm's memory, what somebody has put away from their day, and calendars that read along."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.team.models import User
from crm.web import clock


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


class PutAway(models.Model):
    """A customer whom somebody has done with for the day, or put off: until then they do not stand in their Today."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    account = models.ForeignKey("crm.Account", models.CASCADE, related_name="+")
    until = models.DateTimeField()
    is_done = models.BooleanField()  # done with; else snoozed

    class Meta:
        constraints = [models.UniqueConstraint("user", "account", name="putaway_once")]

    def __str__(self) -> str:
        return f"{self.account_id} until {self.until:%Y-%m-%d %H:%M}"


class CalendarFeed(models.Model):
    """Somebody's calendar, for whoever knows its secret address. Only the secret's hash is kept."""

    #: Calendars ask every few minutes; that they do is noted no more often than this.
    NOTED = timedelta(hours=1)

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"calendar of {self.user_id}"

    @staticmethod
    def digest_of(secret: str) -> str:
        # 256 random bits need no slow hash: there is nothing to guess.
        return hashlib.sha256(secret.encode()).hexdigest()

    @classmethod
    def issue(cls, user: User, now: datetime) -> str:
        """The secret of a new feed, which nobody can read again; an older one of the user ends."""
        secret = secrets.token_urlsafe(32)
        fresh = {"digest": cls.digest_of(secret), "created_at": now, "last_used_at": None}
        cls.objects.update_or_create(user=user, defaults=fresh)
        return secret

    @classmethod
    def of(cls, secret: str, now: datetime) -> CalendarFeed | None:
        """The feed with this secret, whose user still works here; notes that it was asked for."""
        feed = cls.objects.select_related("user").filter(digest=cls.digest_of(secret), user__is_active=True).first()
        if feed and (feed.last_used_at is None or feed.last_used_at <= now - cls.NOTED):
            cls.objects.filter(pk=feed.pk).update(last_used_at=now)
        return feed
