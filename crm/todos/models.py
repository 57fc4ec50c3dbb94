"""Tasks (the room is called todos: the word task is Celery's)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self, TypedDict

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.utils.html import escape
from django.utils.safestring import SafeString

from crm.accounts.models import Account
from crm.history.tracking import changes_of
from crm.segments.filters import Folded
from crm.team.models import User, VisibleQuerySet, owned_by_sight_of
from crm.team.viewer import SIGHT
from crm.templatetags.ui import icon
from crm.todos import rules
from crm.todos.rules.repeating import Repeat
from crm.web import clock
from crm.web.addresses import address
from crm.web.composed import Composed

#: The columns that one line of a list needs.
LINE = (
    "id", "title", "kind", "account_id", "account__name", "owner__name", "owner__email", "due_at", "snoozed_until",
    "done_at", "origin", "repeats",
)  # fmt: skip


class TaskQuerySet(VisibleQuerySet["Task"]):
    def visible_to(self, user: Any) -> Self:
        """Besides tasks about accounts one may see: one's own and one's team's. A task about nobody is its owner's, or
        the pool's."""
        if not getattr(user, "is_active", False) or user.sees_everything:
            return super().visible_to(user)
        about_nobody_else = Q(account__owner=None) & (Q(account__isnull=False) | Q(owner=None))
        theirs = owned_by_sight_of(user, "owner") | owned_by_sight_of(user, "account__owner")
        return self.filter(theirs | about_nobody_else)

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
        own = ("title", "kind", "account", "owner", "due_at", "snoozed_until", "done_at", "origin", "repeats")
        return self.select_related("account", "owner").only(*own, "account__name", "owner__name", "owner__email")

    def as_lines(self) -> Any:
        """The same as dicts, for `Task.line`: a page of them is many times as quick as one of objects."""
        return self.values(*LINE)

    def for_detail(self) -> Self:
        """With all that the page of one shows."""
        return self.select_related("account", "owner", "contact", "created_by", "done_by")


class TaskLine(TypedDict):
    """A task as one viewer reads it. A dict, since pages have many and a template looks up nothing as quickly."""

    pk: int
    title: SafeString
    page: str  # its address, and that of the verb that its tick stands for
    act: str
    done: bool
    done_at: datetime | None
    due: str  # in words
    is_late: bool
    back: datetime | None  # snoozed until then
    owner: str
    account: str
    account_page: str
    why: bool  # somebody else than a person made it
    kind: str
    icon: SafeString  # of the kind; blank for other tasks
    repeats: bool


class Task(models.Model):
    """Something a person has to do about a customer. Without an owner it lies in the admins' pool."""

    class Kind(models.TextChoices):
        CALL = "call", "Call"
        MEETING = "meeting", "Meeting"
        MAIL = "mail", "Write"
        FOLLOW_UP = "follow_up", "Follow up"
        OTHER = "", "Something else"

    #: lucide names.
    ICONS: ClassVar = {
        "call": "phone", "meeting": "users-round", "mail": "mail", "follow_up": "corner-up-right", "": "square-check",
    }  # fmt: skip

    kind = models.CharField(max_length=12, choices=Kind, default=Kind.OTHER, db_default="", blank=True)
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    account = models.ForeignKey("crm.Account", models.CASCADE, null=True, blank=True, related_name="tasks")
    contact = models.ForeignKey("crm.Contact", models.SET_NULL, null=True, blank=True, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="tasks")
    due_at = models.DateTimeField()
    repeats = models.CharField(max_length=40, blank=True, db_default="")  # a rules.repeating.Repeat as text
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
            GinIndex(OpClass(Folded("title"), "gin_trgm_ops"), condition=Q(done_at=None), name="task_title_search"),
        ]

    def __str__(self) -> str:
        return self.title

    def seen_by(self, viewer: User, now: datetime) -> dict[str, Any]:
        """The line of one, with the task itself."""
        about = {"account__name": self.account.name if self.account else None}
        whose = {"owner__name": self.owner.name, "owner__email": self.owner.email} if self.owner else {}
        row = {name: getattr(self, name) for name in LINE if "__" not in name} | about | whose
        return {**self.line(row, viewer, now), "task": self}

    @classmethod
    def line(cls, row: Mapping[str, Any], viewer: User, now: datetime) -> TaskLine:
        """Of a row of `as_lines`."""
        done_at, due_at, pk, kind, account = row["done_at"], row["due_at"], row["id"], row["kind"], row["account_id"]
        is_open = done_at is None
        snoozed = row["snoozed_until"] if is_open else None
        return {
            "pk": pk, "title": escape(row["title"]), "why": bool(row["origin"]), "done_at": done_at,
            "done": not is_open,
            "page": address("todos:detail", pk),
            "act": address("todos:completion" if is_open else "todos:reopening", pk),
            "due": rules.due_words(due_at, now, viewer.zone),
            "is_late": is_open and due_at < now,
            "back": snoozed if snoozed and snoozed > now else None,
            "owner": row.get("owner__name") or row.get("owner__email") or "Pool",
            "account": (row["account__name"] or "") if account else "",
            "account_page": address("accounts:detail", account) if account else "",
            "kind": kind, "icon": icon(cls.ICONS[kind], 14) if kind else SafeString(), "repeats": bool(row["repeats"]),
        }  # fmt: skip

    @classmethod
    def open_about(cls, account_id: int, viewer: User) -> list[dict[str, Any]]:
        """Rows for `line` of what is open about a customer and may be seen by the viewer, the first due first."""
        return [dict(zip(LINE, row, strict=True)) for row in _open_about.rows(account_id, viewer)]

    @property
    def repeats_words(self) -> str:
        return Repeat.parse(self.repeats).words if self.repeats else ""


_open_about = Composed(
    lambda account, viewer: (
        Task.objects.visible_to(viewer)
        .open()
        .filter(account_id=account)
        .order_by("due_at", "id")
        .values_list(*LINE)[: Account.MOST_TASKS]
    ),
    int,
    SIGHT,
)


class TaskChange(
    changes_of(  # type: ignore[misc]
        Task,
        {
            "title": "title", "body": "notes", "kind": "kind", "owner": "owner", "due_at": "due time",
            "repeats": "repetition",
        },
    )
):  # fmt: skip
    """A task as it was. Not remembered: that it was done or put off, which the timeline tells."""
