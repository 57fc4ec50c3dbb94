"""What came in by file: each import with its settings, its file until it is read, and what it made, for undo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from crm.history.attribution import present_door
from crm.imports.rules import UNDO_DAYS
from crm.team.models import User
from crm.web import clock
from crm.web.addresses import address


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, user: Any) -> Self:
        """One's own; admins also everybody else's. Files hold what their importer may not be the only one to see."""
        if not getattr(user, "is_active", False):
            return self.none()
        return self if user.is_admin else self.filter(by=user)

    def waiting(self) -> Self:
        """What a worker has to do, the first come first."""
        return self.exclude(job="").order_by("queued_at", "id")

    def for_list(self) -> Self:
        return self.select_related("by").defer("settings", "report")


class Import(models.Model):
    """A file of one kind, from its upload to its undo. Made by the command, it is there when it is done."""

    class State(models.TextChoices):
        DRAFT = "draft", "Not imported yet"
        DONE = "done", "Imported"
        FAILED = "failed", "Failed"
        UNDONE = "undone", "Undone"

    class Job(models.TextChoices):
        NONE = "", "Nothing"
        PREVIEW = "preview", "Preview"
        LOAD = "load", "Import"
        UNDO = "undo", "Undo"

    kind = models.CharField(max_length=20)  # a name in slots.import_kinds
    file_name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField(default=0)  # bytes
    lines = models.PositiveIntegerField(default=0)  # about as many rows
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")  # null: the command
    created_at = models.DateTimeField(default=clock.now)
    settings = models.JSONField(default=dict)  # rules.plans.Plan.as_json

    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    act_id = models.BigIntegerField(null=True, unique=True)  # of crm.history, which has what it changed
    error = models.TextField(blank=True)

    # What a worker does with it, and how far it has come. Written outside of the load's transaction.
    job = models.CharField(max_length=10, choices=Job, default=Job.NONE, blank=True)
    job_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    job_door = models.CharField(max_length=10, blank=True, db_default="")  # by which they asked: crm.history's Door
    queued_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)  # that a worker did not live to finish
    phase = models.CharField(max_length=60, blank=True)
    rows_read = models.PositiveIntegerField(default=0)

    # What came of it: of the preview, then of the import itself.
    created = models.PositiveIntegerField(null=True)
    updated = models.PositiveIntegerField(null=True)
    skipped = models.PositiveIntegerField(null=True)
    rejected = models.PositiveIntegerField(null=True)
    report = models.JSONField(default=dict)

    objects = ImportQuerySet.as_manager()

    #: A file that kills its worker so often is given up.
    MOST_ATTEMPTS: ClassVar = 3

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="import_newest"),
            models.Index(fields=["queued_at", "id"], condition=~Q(job=""), name="import_waiting"),
        ]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return address("imports:detail", self.pk)

    @property
    def rows(self) -> int:
        return sum(getattr(self, name) or 0 for name in ("created", "updated", "skipped", "rejected"))

    @property
    def taken(self) -> int:
        """Rows of the file that write something."""
        return (self.created or 0) + (self.updated or 0)

    @property
    def undo_until(self) -> datetime | None:
        return self.finished_at + timedelta(days=UNDO_DAYS) if self.finished_at else None

    def undoable(self, now: datetime) -> bool:
        return self.state == self.State.DONE and self.undo_until is not None and now < self.undo_until

    def done(self, report: Any, now: datetime, more: Mapping[str, Any] | None = None) -> None:
        """It is in; what `report` (a Report) says stays with it."""
        self.state, self.finished_at = self.State.DONE, now
        self.told(report, more or {})

    def told(self, report: Any, more: Mapping[str, Any]) -> None:
        """A preview or the import itself has come to this, and nothing waits for it any more."""
        self.created, self.updated = report.created, report.updated
        self.skipped, self.rejected = report.skipped, report.rejected
        kept = {name: self.report[name] for name in ("titles", "encoding") if name in self.report}
        self.report = kept | asdict(report) | dict(more)
        self.job = self.Job.NONE
        self.save()

    def queue(self, job: str, by: User | None, now: datetime) -> None:
        """Let the next worker do it; twice is once. The row is locked by the caller."""
        if self.job:
            return
        self.job, self.job_by, self.job_door, self.queued_at, self.started_at = job, by, present_door(), now, None
        self.attempts, self.phase, self.rows_read, self.error = 0, "", 0, ""
        self.save()


class ImportPart(models.Model):
    """A piece of an uploaded file, kept until it is imported: web server and workers may share no folder."""

    of = models.ForeignKey(Import, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint("of", "number", name="import_part_once")]

    def __str__(self) -> str:
        return f"part {self.number} of {self.of_id}"


class ImportedRange(models.Model):
    """Rows that an import made or changed, by stretches of their ids: a file's rows mostly follow one another."""

    class Role(models.TextChoices):
        CREATED = "created", "Created"
        UPDATED = "updated", "Updated"
        TOUCHED = "touched", "Concerned"  # not written, but what is derived for them depends on the file

    of = models.ForeignKey(Import, models.CASCADE, related_name="ranges")
    table = models.CharField(max_length=60)  # app label and name of the model: crm.Account
    role = models.CharField(max_length=10, choices=Role)
    first = models.BigIntegerField()
    last = models.BigIntegerField()  # inclusive

    class Meta:
        indexes = [models.Index(fields=["of", "table", "role", "first"], name="import_range")]

    def __str__(self) -> str:
        return f"{self.table} {self.first} to {self.last}: {self.role}"


class ImportReject(models.Model):
    """A cell for which a row of a file was refused."""

    of = models.ForeignKey(Import, models.CASCADE, related_name="rejects")
    line = models.BigIntegerField()
    column = models.TextField(blank=True)
    value = models.TextField(blank=True)
    reason = models.TextField()
    remedy = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["of", "line", "id"], name="import_reject")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.column} {self.reason}"


class ImportKept(models.Model):
    """What the undo of an import left as it is, and why."""

    of = models.ForeignKey(Import, models.CASCADE, related_name="kept")
    table = models.CharField(max_length=60)
    row_id = models.BigIntegerField()
    name = models.CharField(max_length=300)
    field = models.CharField(max_length=80, blank=True)  # blank: the row itself, which the import had made
    reason = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["of", "id"], name="import_kept")]

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


class ImportMapping(models.Model):
    """Which column of a kind of file is which of ours, remembered under a name for everybody."""

    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    settings = models.JSONField()  # as Import.settings, with titles in the place of positions
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint("kind", "name", name="import_mapping_once")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
