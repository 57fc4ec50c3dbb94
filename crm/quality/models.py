"""What was missing in the record, day by day and owner by owner, and how far the present count has come."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from crm.quality import rules
from crm.team.models import VisibleQuerySet


class DataCountQuerySet(VisibleQuerySet["DataCount"]):
    """Whoever sees an owner's customers sees what they lack: figures of those whom a viewer sees are a sum of rows."""

    owner_path: ClassVar[str] = "owner"


class DataCount(models.Model):
    """The gaps of one owner's customers and their people, as last counted on that day; without owner: of nobody's."""

    day = models.DateField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    counted_at = models.DateTimeField()
    #: Name in `slots.data_checks` → [how many have the gap, of how many].
    figures = models.JSONField(default=dict)
    #: The same in points of the score: all that could be there, and what is not.
    expected = models.BigIntegerField(default=0)
    missing = models.BigIntegerField(default=0)

    objects = DataCountQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "owner"], nulls_distinct=False, name="data_count_once")]

    def __str__(self) -> str:
        return f"{self.day}: {self.missing} of {self.expected}"


class DataSweep(models.Model):
    """The count under way, in one row: it walks through customers, then people, in slices."""

    subject = models.CharField(max_length=10, blank=True)  # those at which it is; blank: no count is under way
    position = models.BigIntegerField(default=0)  # the last id that was looked at
    looked_at = models.BigIntegerField(default=0)  # how many so far
    #: Owner's id, blank for nobody → name of the check → [found, of].
    gathered = models.JSONField(default=dict)
    began_at = models.DateTimeField(null=True)  # of the count under way, else of the last
    counted_at = models.DateTimeField(null=True)  # when the last one ended
    asked_at = models.DateTimeField(null=True)  # somebody wants another

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="data_sweep_one_row")]

    def __str__(self) -> str:
        return f"{self.subject or 'nothing'} behind {self.position}"

    @classmethod
    def the_only(cls) -> Self:
        """The row as it is; whoever only reads writes none."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @property
    def is_under_way(self) -> bool:
        return bool(self.subject or self.asked_at)

    def is_due(self, now: datetime) -> bool:
        """Whether a count should begin, if none is under way."""
        return self.counted_at is None or self.asked_at is not None or now >= self.counted_at + rules.COUNT_EVERY
