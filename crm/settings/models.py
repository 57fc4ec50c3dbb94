"""What was handed over from whom to whom, and when it comes back."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from crm import slots
from crm.history.models import Act
from crm.team.models import User


class HandOver(models.Model):
    """What somebody held, given to others in one act: for good, or until they are back."""

    giver = models.ForeignKey(User, models.CASCADE, related_name="+")
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    act = models.ForeignKey(Act, models.SET_NULL, null=True, related_name="+")
    to_words = models.CharField(max_length=200)  # “Ben Adeyemi”, “the team Nord”
    moved = models.JSONField(default=dict)  # how many rows, by holding
    at = models.DateTimeField()
    until = models.DateTimeField(null=True)  # comes back then; blank: for good
    returned_at = models.DateTimeField(null=True)
    returned = models.JSONField(default=dict)  # how many rows went back, by holding

    class Meta:
        indexes = [
            models.Index(
                fields=["until", "id"], condition=Q(until__isnull=False, returned_at=None), name="handover_due"
            ),
            models.Index(fields=["giver", "-at"], name="handover_of_giver"),
            models.Index(fields=["at"], name="handover_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.giver} to {self.to_words}"

    @property
    def total(self) -> int:
        return sum(self.moved.values())

    @property
    def words(self) -> str:
        """“38 customers and 12 open tasks”."""
        parts = [
            f"{many:,} {slots.holdings[name].label[many != 1]}"
            for name, many in self.moved.items()
            if name in slots.holdings
        ]
        return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))

    @property
    def stayed(self) -> int:
        """Rows that did not come back, as somebody had changed who owns them meanwhile."""
        return self.total - sum(self.returned.values()) if self.returned_at else 0


class HandedRow(models.Model):
    """One row that changed hands, so that exactly these come back."""

    hand_over = models.ForeignKey(HandOver, models.CASCADE, related_name="rows", db_index=False)
    holding = models.CharField(max_length=40)  # a name in `slots.holdings`
    row_id = models.BigIntegerField()
    receiver = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint("hand_over", "holding", "row_id", name="handedrow_once")]

    def __str__(self) -> str:
        return f"{self.holding} {self.row_id}"


class Emptying(models.Model):
    """That an admin has asked to take the demo away, in one row: what was there, and how far it is."""

    class Stage(models.TextChoices):
        """In the order in which they come. Each can be begun again, so whoever dies in one harms nothing."""

        BACKUP = "backup", "Making a backup"
        ROWS = "rows", "Removing customers and all that hangs on them"
        FILES = "files", "Removing files"
        DONE = "done", "Done"

    ONLY: ClassVar = 1

    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    stage = models.CharField(max_length=10, choices=Stage)
    backup = models.CharField(max_length=300, blank=True)  # the file; blank: none was wanted
    counts = models.JSONField(default=dict)  # what was there, by words for it
    error = models.CharField(max_length=300, blank=True)  # of the last try, which is repeated
    due_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="emptying_one_row")]

    def __str__(self) -> str:
        return self.get_stage_display()


class DomainLook(models.Model):
    """What the DNS said about the domain that mail leaves from, when it was asked last."""

    domain = models.CharField(max_length=253, primary_key=True)
    looked_at = models.DateTimeField()
    spf = models.CharField(max_length=300, blank=True)
    dkim = models.CharField(max_length=300, blank=True)
    dmarc = models.CharField(max_length=300, blank=True)
    problems: models.JSONField[Any, Any] = models.JSONField(
        default=dict
    )  # record → why nobody knows: “no answer within 3 s”

    def __str__(self) -> str:
        return self.domain
