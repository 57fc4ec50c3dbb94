"""Nothing is remembered for ever: acts of long ago go, with the rows as they were before them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from crm.history import rules
from crm.history.models import Act
from crm.history.tracking import tracked

#: Remembered rows that go at once.
_SLICE = 5_000


def work(now: datetime) -> int:
    """One slice. Returns how many rows went; 0: nothing is that old."""
    limit = rules.forgotten_before(now, settings.HISTORY_DAYS)
    with transaction.atomic():
        oldest = Act.objects.filter(at__lt=limit).order_by("at", "id")
        act = oldest.select_for_update(skip_locked=True, of=("self",)).first()
        if act is None:
            return 0
        for of in tracked():
            if gone := _forget(of.change._meta.db_table, act.pk):
                return gone
        act.delete()
        return 1


def _forget(table: str, act: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE pgh_id IN (SELECT pgh_id FROM {table} WHERE act_id = %s LIMIT %s)",  # noqa: S608
            [act, _SLICE],
        )
        return int(cursor.rowcount)


def next_due(now: datetime) -> datetime | None:
    """When the oldest act that is not due yet will be."""
    keep = now - rules.forgotten_before(now, settings.HISTORY_DAYS)
    oldest = Act.objects.filter(at__gte=now - keep).order_by("at", "id").values_list("at", flat=True).first()
    return oldest + keep + timedelta(microseconds=1) if oldest else None
