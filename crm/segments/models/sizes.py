"""How large segments were, day by day, and who was in them at the last count."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from crm.segments.models.segments import Segment


class SegmentSize(models.Model):
    """One count of a segment: once a day, of everybody, whoever may see them. It walks in slices until `counted_at`."""

    #: Ids of `came` and `went` that are kept.
    NAMED = 100

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="sizes", db_index=False)
    day = models.DateField()
    size = models.BigIntegerField(default=0)
    entered = models.BigIntegerField(default=0)  # since the count before; nobody at the first one
    left = models.BigIntegerField(default=0)
    came = ArrayField(models.BigIntegerField(), default=list)  # some of those who entered
    went = ArrayField(models.BigIntegerField(), default=list)  # some of those who left
    is_first = models.BooleanField(default=False)
    position = models.BigIntegerField(default=0)  # the part that is counted next
    counted_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)  # why it could not be counted

    class Meta:
        constraints = [models.UniqueConstraint("segment", "day", name="segment_size_once")]
        indexes = [models.Index(fields=["id"], name="segment_size_open", condition=Q(counted_at=None))]

    def __str__(self) -> str:
        return f"{self.size} on {self.day}"


class SegmentPart(models.Model):
    """Who was in a segment at its last count, of the ids of one part: ids n × WIDTH to (n + 1) × WIDTH - 1."""

    #: Of ids that one slice of a count looks at; written rows are cut by it.
    WIDTH = 20_000

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="+", db_index=False)
    part = models.BigIntegerField()
    ids = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        constraints = [models.UniqueConstraint("segment", "part", name="segment_part_once")]

    def __str__(self) -> str:
        return f"part {self.part} of segment {self.segment_id}"


class SegmentMoves(models.Model):
    """Who came into a segment and who left it at one moment, of some of its ids. Noted while somebody watches it."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    came = ArrayField(models.BigIntegerField(), default=list)
    went = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        indexes = [models.Index(fields=["segment", "at"], name="segment_moves_by_time")]

    def __str__(self) -> str:
        return f"{len(self.came)} came into segment {self.segment_id}, {len(self.went)} left it"
