"""Rehearsals: what was asked, how far it is, what it came to, and the people behind each figure, kept for 30 days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from crm.accounts.models import Account, Contact
from crm.team.models import User, VisibleQuerySet
from crm.web import clock

#: So long a rehearsal is kept.
KEPT = timedelta(days=30)


class RehearsalQuerySet(models.QuerySet["Rehearsal"]):
    def open(self) -> Self:
        return self.filter(state__in=Rehearsal.OPEN)

    def finished(self, slug: str) -> Self:
        return self.filter(slug=slug, state=Rehearsal.State.DONE).order_by("-id")


class Rehearsal(models.Model):
    """A workflow played over the real data on a clock of its own. Nothing of it is sent, and nothing it does stays."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waits its turn"
        RUNNING = "running", "Is being played"
        DONE = "done", "Played"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Span(models.TextChoices):
        AHEAD = "ahead", "The next 30 days"
        BACK = "back", "The last 90 days"

    OPEN: ClassVar = (State.WAITING, State.RUNNING)
    DAYS: ClassVar = {Span.AHEAD: 30, Span.BACK: 90}

    slug = models.SlugField(max_length=60, db_index=False)  # of the workflow, which need not have been switched on yet
    name = models.CharField(max_length=120)
    definition = models.JSONField()
    digest = models.CharField(max_length=64)  # of the definition: whether it is still what would run
    source = models.CharField(max_length=60)  # in words: “version 4”, “the draft”
    span = models.CharField(max_length=10, choices=Span)
    include_current = models.BooleanField(default=False)  # also those whom the trigger fits already

    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    asked_at = models.DateTimeField(default=clock.now)
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    begins_at = models.DateTimeField(null=True)  # on its own clock
    ends_at = models.DateTimeField(null=True)
    reached_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)  # that a worker began
    backend_pid = models.IntegerField(null=True)  # the worker's session: when it is gone, so is the worker
    backend_start = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    result = models.JSONField(default=dict)  # figures; see retention.workflows.rehearsal.outcome

    objects = RehearsalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "slug", condition=Q(state__in=["waiting", "running"]), name="rehearsal_one_at_a_time"
            )
        ]
        indexes = [
            models.Index(fields=["slug", "-id"], name="rehearsal_of_workflow"),
            models.Index(
                fields=["asked_at", "id"], condition=Q(state__in=["waiting", "running"]), name="rehearsal_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.get_span_display().lower()}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def days(self) -> int:
        return self.DAYS[self.Span(self.span)]

    @property
    def percent(self) -> int:
        """How far its clock has come."""
        if not (self.begins_at and self.ends_at and self.reached_at):
            return 0
        return round(100 * ((self.reached_at - self.begins_at) / (self.ends_at - self.begins_at)))


class RehearsalLineQuerySet(VisibleQuerySet["RehearsalLine"]):
    def visible_to(self, user: Any) -> Self:
        """Behind the gate of their customers; of those who were removed since nobody sees anything."""
        return super().visible_to(user).filter(account__isnull=False)


class RehearsalLine(models.Model):
    """What would happen with one customer at one moment: somebody enters, a mail, a task, somebody leaves.

    Without keys that the database watches: writing the lines of a rehearsal must not lock the customers that they name.
    """

    class Outcome(models.TextChoices):
        ENTERED = "entered", "Enters"
        SENT = "sent", "Sent"
        LATER = "later", "Held back, then sent"
        SKIPPED = "skipped", "Not sent"
        WAITING = "waiting", "Still held back at the end"
        TASK = "task", "Task"
        DONE = "done", "Done"
        LEFT = "left", "Leaves early"
        REACHED = "reached", "Reaches the goal"
        HELD_OUT = "held_out", "Held out, to measure"
        FAILED = "failed", "A step fails"

    HELD: ClassVar = (Outcome.LATER, Outcome.SKIPPED, Outcome.WAITING)

    rehearsal = models.ForeignKey(Rehearsal, models.CASCADE, related_name="lines", db_index=False)
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_constraint=False)
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+", db_constraint=False)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_constraint=False, db_index=False)
    at = models.DateTimeField()
    day = models.DateField()
    kind = models.CharField(max_length=20)  # what a step of the definition does; blank: entering and leaving
    step_id = models.CharField(max_length=60, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    guard = models.CharField(max_length=40, blank=True)  # that held it back first
    reason = models.CharField(max_length=300, blank=True)

    objects = RehearsalLineQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["rehearsal", "outcome", "id"], name="rehearsed_outcome"),
            models.Index(fields=["rehearsal", "day", "id"], name="rehearsed_day"),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} on {self.day}"

    @property
    def was_held(self) -> bool:
        return self.outcome in self.HELD
