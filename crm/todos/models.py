"""Tasks (the room is called todos: the word task is Celery's)."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.team.models import User, VisibleQuerySet
from crm.web import clock


class TaskQuerySet(VisibleQuerySet["Task"]):
    def open(self) -> Self:
        return self.filter(done_at=None)

    def waiting_for(self, user: User, now: datetime) -> Self:
        """Open tasks of a user that are not snoozed; admins also see the pool, which nobody owns."""
        mine = Q(owner=user) | Q(owner=None) if user.is_admin else Q(owner=user)
        return self.open().filter(mine, Q(snoozed_until=None) | Q(snoozed_until__lte=now))


class Task(models.Model):
    """Something a person has to do about a customer. Without an owner it lies in the admins' pool."""

    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, blank=True, related_name="tasks")
    contact = models.ForeignKey("crm.Contact", models.SET_NULL, null=True, blank=True, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="tasks")
    due_at = models.DateTimeField()
    snoozed_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    #: Why it exists: who made it (a name in `slots.explainers`) and which row of theirs. Blank: a person did.
    origin = models.CharField(max_length=20, blank=True)
    origin_id = models.BigIntegerField(null=True)
    key = models.CharField(max_length=120, null=True)  # of a task that must be made once

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("key", name="task_key_once")]
        indexes = [
            models.Index(fields=["owner", "due_at", "id"], condition=Q(done_at=None), name="task_open_of_owner"),
            models.Index(fields=["due_at", "id"], condition=Q(done_at=None), name="task_open"),
            models.Index(fields=["account", "-created_at"], name="task_of_account"),
        ]

    def __str__(self) -> str:
        return self.title
