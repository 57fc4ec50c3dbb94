"""Work that is done anew for each day, in stages of many slices: each slice in a transaction of its own.

    nightly = Nightly("rfm", (gather, compare, assign))
    slots.work.register("rfm", slots.Work(nightly.run, nightly.next_due))

A stage is a verb `(walk, now) -> int`: one slice behind `walk.position`, which it moves on; it returns the rows it
dealt with, and 0 ends the stage. Killed at any moment, it goes on behind the last slice; two workers never share one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from crm.web import clock
from crm.web.models import Walk

type Stage = Callable[[Walk, datetime], int]


@dataclass(frozen=True)
class Nightly:
    """A kind of such work. A day that was not over at midnight is finished first, as it was begun."""

    name: str
    stages: Sequence[Stage]

    def run(self, now: datetime) -> int:
        """One slice; at least 1, or 0 when the day is done or somebody else is at it."""
        done = Walk.objects.filter(name=self.name, stage__gte=len(self.stages), day__gte=clock.today(now))
        return 0 if done.exists() else self._slice(now)  # asked at every bell: nothing is locked or written for it

    @transaction.atomic
    def _slice(self, now: datetime) -> int:
        Walk.objects.bulk_create([Walk(name=self.name, stage=len(self.stages))], ignore_conflicts=True)
        walk = Walk.objects.select_for_update(skip_locked=True).filter(name=self.name).first()
        if walk is None:
            return 0
        if walk.stage >= len(self.stages):
            if walk.day and walk.day >= clock.today(now):
                return 0
            walk.day, walk.stage, walk.position, walk.found = clock.today(now), 0, 0, {}
        rows = self.stages[walk.stage](walk, now)
        if not rows:
            walk.stage, walk.position = walk.stage + 1, 0
        walk.save()
        return max(rows, 1)

    def next_due(self, now: datetime) -> datetime | None:
        """It is due whenever the clock stops on a new day: nothing waits for it."""
        return None


def next_ids(table: str, key: str, walk: Walk, size: int) -> list[int]:
    """The ids of the next slice of a table, in order; the walk then stands at the last of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key} FROM {table} WHERE {key} > %s ORDER BY {key} LIMIT %s",  # noqa: S608  (names of ours)
            [walk.position, size],
        )
        ids = [row[0] for row in cursor.fetchall()]
    if ids:
        walk.position = ids[-1]
    return ids
