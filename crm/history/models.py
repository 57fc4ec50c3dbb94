"""Who did what to which record: acts, the rows as they were before each change, and large work that takes its time."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Func, Q
from pghistory.models import Event

from crm.team.permissions import allows
from crm.web import clock


class Door(models.TextChoices):
    """By which way somebody came to change a record."""

    PAGE = "page", "on a page"
    API = "api", "through the API"
    IMPORT = "import", "by an import"
    WORKFLOW = "workflow", "by a workflow"
    COMMAND = "command", "by a command on the server"
    DEMO = "demo", "as the demo was made"
    DATABASE = "database", "straight in the database"


class ActQuerySet(models.QuerySet["Act"]):
    def visible_to(self, user: Any) -> Self:
        """One's own, and what undid them; all of them for whoever may read the audit log."""
        if not getattr(user, "is_active", False):
            return self.none()
        return self if allows(user, "audit") else self.filter(Q(by=user) | Q(undoes__by=user))

    def for_reading(self) -> Self:
        return self.select_related("by", "undone_by", "undoes", "root")


class Act(models.Model):
    """What somebody did in one go, however many rows it changed: the unit that is undone.

    The ordinary change of a record, without `act()`, is one too: Postgres writes its row when the first change comes.
    """

    EDIT: ClassVar = "edit"
    UNDO: ClassVar = "undo"

    kind = models.CharField(max_length=60)  # noun.verb, such as bulk.owner; edit for ordinary changes
    label = models.CharField(max_length=200, blank=True)  # goes on behind a name: “assigned 23 customers to Mira”
    door = models.CharField(max_length=10, choices=Door, default=Door.DATABASE)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now)
    detail = models.JSONField(default=dict)

    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    undoes = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    #: An undo, the undo of that undo and so on share the act with which it all began; `turns` counts them.
    root = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    turns = models.PositiveSmallIntegerField(default=0)

    objects = ActQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["at", "id"], name="act_by_time"),
            models.Index(fields=["by", "at", "id"], name="act_by_person"),
            models.Index(fields=["kind", "at", "id"], name="act_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.who} {self.label or 'changed something'}"

    @property
    def who(self) -> str:
        """A person's name, or what did it."""
        if self.by:
            return str(self.by)
        machines = {"import": "An import", "workflow": "A workflow", "command": "Somebody", "demo": "The demo"}
        return self.reporter or machines.get(self.door, "Somebody")

    @property
    def reporter(self) -> str:
        """Which system outside has said it, of what no person did; blank: none."""
        return "" if self.by_id else str(self.detail.get("reporter", ""))


class Change(Event):
    """A row as it was before an act changed or deleted it, written by a trigger. Made by `tracking.changes_of`."""

    pgh_id = models.BigAutoField(primary_key=True)
    act = models.ForeignKey(
        Act, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+",
        db_default=Func(function="crm_history_act"),
    )  # fmt: skip

    class Meta:
        abstract = True


class Waiting(models.Model):
    """A row that an undo of the act looks at again when the others have gone back."""

    act = models.ForeignKey(Act, models.CASCADE, db_index=False, related_name="+")
    table = models.CharField(max_length=60)
    row_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint("act", "table", "row_id", name="waiting_once")]

    def __str__(self) -> str:
        return f"{self.table} {self.row_id}"


class Run(models.Model):
    """Work of an act on more rows than a request should wait for: a worker takes it slice by slice."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for a worker"
        RUNNING = "running", "At work"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    act = models.OneToOneField(Act, models.CASCADE, related_name="run")
    name = models.CharField(max_length=80)  # of the bulk action; blank: the act undoes another
    data = models.JSONField(default=dict)  # what its form said
    ids = ArrayField(models.BigIntegerField(), default=list)  # whom it is about, in order; they never come here at once
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)  # of them, looked at
    changed = models.PositiveIntegerField(default=0)
    place = models.JSONField(default=dict)  # where the next slice of an undo begins, and what it kept so far
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    stop_asked = models.BooleanField(default=False)
    error = models.CharField(max_length=300, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)  # of the slice that is next
    due_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state__in=["waiting", "running"]), name="run_due"),
        ]

    def __str__(self) -> str:
        return f"{self.done} of {self.total}: {self.act.label}"

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.DONE, self.State.STOPPED, self.State.FAILED)

    @property
    def percent(self) -> int:
        return 100 if not self.total else min(100, self.done * 100 // self.total)
