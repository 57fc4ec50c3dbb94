"""Tasks (the room is called todos: the word task is Celery's)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self, TypedDict

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.team.models import User, VisibleQuerySet
from crm.todos import rules
from crm.web import clock
from crm.web.addresses import address


class TaskQuerySet(VisibleQuerySet["Task"]):
    def visible_to(self, user: Any) -> Self:
        """Besides tasks about accounts one may see: one's own. A task about nobody is its owner's, or the pool's."""
        if not getattr(user, "is_active", False) or user.sees_everything:
            return super().visible_to(user)
        about_nobody_else = Q(account__owner=None) & (Q(account__isnull=False) | Q(owner=None))
        return self.filter(Q(owner=user) | Q(account__owner=user) | about_nobody_else)

    def open(self) -> Self:
        return self.filter(done_at=None)

    def awake(self, now: datetime) -> Self:
        """Open and not snoozed."""
        return self.open().filter(Q(snoozed_until=None) | Q(snoozed_until__lte=now))

    def waiting_for(self, user: User, now: datetime) -> Self:
        """Open tasks of a user that are not snoozed; admins also see the pool, which nobody owns."""
        return self.awake(now).filter(Q(owner=user) | Q(owner=None) if user.is_admin else Q(owner=user))

    def in_section(self, section: str, bounds: rules.Bounds) -> Self:
        """late | today | week | later | snoozed | done. Raises KeyError."""
        if section == "snoozed":
            return self.open().filter(snoozed_until__gt=bounds.now)
        if section == "done":
            return self.filter(done_at__gt=bounds.now - rules.DONE_LATELY)
        start, end = bounds.stretch(section)
        limits = {"due_at__gte": start, "due_at__lt": end}
        return self.awake(bounds.now).filter(**{name: limit for name, limit in limits.items() if limit})

    def for_list(self) -> Self:
        """With what one line of a list shows."""
        own = ("title", "account", "owner", "due_at", "snoozed_until", "done_at", "origin")
        return self.select_related("account", "owner").only(*own, "account__name", "owner__name", "owner__email")

    def for_detail(self) -> Self:
        """With all that the page of one shows."""
        return self.select_related("account", "owner", "contact", "created_by", "done_by")


class TaskLine(TypedDict):
    """A task as one viewer reads it. A dict, since pages have many and a template looks up nothing as quickly."""

    task: Task
    pk: int
    title: str
    page: str  # its address, and that of the verb that its tick stands for
    act: str
    done: bool
    due: str  # in words
    is_late: bool
    is_snoozed: bool
    owner: str
    account: str
    account_page: str
    why: bool  # somebody else than a person made it


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
            models.Index(fields=["snoozed_until", "id"], condition=Q(done_at=None), name="task_snoozed"),
            models.Index(fields=["done_at", "id"], condition=Q(done_at__isnull=False), name="task_done"),
            models.Index(fields=["account", "-created_at"], name="task_of_account"),
        ]

    def __str__(self) -> str:
        return self.title

    def seen_by(self, viewer: User, now: datetime) -> TaskLine:
        is_open = self.done_at is None
        return {
            "task": self, "pk": self.pk, "title": self.title, "done": not is_open, "why": bool(self.origin),
            "page": address("todos:detail", self.pk),
            "act": address("todos:completion" if is_open else "todos:reopening", self.pk),
            "due": rules.due_words(self.due_at, now, viewer.zone),
            "is_late": is_open and self.due_at < now,
            "is_snoozed": is_open and self.snoozed_until is not None and self.snoozed_until > now,
            "owner": str(self.owner or "Pool"),
            "account": str(self.account) if self.account_id else "",
            "account_page": address("accounts:detail", self.account_id) if self.account_id else "",
        }  # fmt: skip
