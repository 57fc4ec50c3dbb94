"""What the dashboard has counted beforehand."""

from __future__ import annotations

from django.db import models


class Snapshot(models.Model):
    """The board of a period, of the whole installation; written by the job alone, and can be thrown away.

    `row` is as `retention.metrics.board` keeps it, `mark` how far the ledger was when it was counted.
    """

    start = models.DateField()
    end = models.DateField()
    before_start = models.DateField()
    before_end = models.DateField()
    row = models.JSONField(null=True)  # null: not counted yet
    mark = models.CharField(max_length=80, blank=True)
    made_at = models.DateTimeField(null=True)
    took = models.FloatField(default=0)  # seconds
    wanted_at = models.DateTimeField(null=True)  # somebody asked for it to be counted again
    #: When a period that was over turned out otherwise, and what had been said of it: see `rules.Counts`.
    corrected_at = models.DateTimeField(null=True)
    was = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("start", "end", "before_start", "before_end", name="snapshot_of_period_once")
        ]

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"
