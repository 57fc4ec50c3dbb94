"""What people of ours are told: one row for each, until they have read it; and how they want to be told."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.accounts.models import Account
from crm.web import clock


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, user: Any) -> Self:
        """One's own, without those about customers whom one may not see any more, and those that were taken back."""
        own = self.filter(user=user, withdrawn_at=None)
        if user.sees_everything:
            return own
        return own.filter(Q(account=None) | Q(account__in=Account.objects.visible_to(user).values("pk")))

    def unread(self) -> Self:
        return self.filter(read_at=None)


class Notification(models.Model):
    """One thing that one of us is told: a sentence, and where it leads."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=40)  # a name in slots.notification_kinds
    text = models.CharField(max_length=300)
    url = models.CharField(max_length=300)  # a path of ours
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)  # when it went into a digest
    key = models.CharField(max_length=160, null=True)  # of what each user is told once
    told_in = models.BigIntegerField(null=True)  # the act of crm.history with which it falls
    withdrawn_at = models.DateTimeField(null=True)  # when that was undone; an unread one is then taken for read

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("user", "key", name="notification_once")]
        indexes = [
            models.Index(fields=["user", "-id"], condition=Q(read_at=None), name="notification_unread"),
            models.Index(fields=["user", "-id"], condition=Q(read_at__isnull=False), name="notification_read"),
            models.Index(
                fields=["user", "kind"], condition=Q(read_at=None, mailed_at=None), name="notification_unmailed"
            ),
            models.Index(fields=["read_at"], condition=Q(read_at__isnull=False), name="notification_old"),
            models.Index(fields=["told_in"], condition=Q(told_in__isnull=False), name="notification_of_act"),
        ]

    def __str__(self) -> str:
        return self.text


class NotificationPreference(models.Model):
    """How one of us wants to be told about one kind of thing. Without a row the kind's own way holds."""

    class Way(models.TextChoices):
        BELL = "bell", "Bell"
        DIGEST = "digest", "Bell and daily digest"
        OFF = "off", "Off"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=40)
    way = models.CharField(max_length=10, choices=Way)

    class Meta:
        constraints = [models.UniqueConstraint("user", "kind", name="notificationpreference_once")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.way}"
