"""How large a segment is: as it was counted day by day, and at once as far as it can be said at once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from psycopg.errors import QueryCanceled

from crm.segments import drawing
from crm.segments.models import SegmentSize
from crm.web import clock

#: The days that growth is told over.
GROWTH_DAYS = 30
#: Beyond so many rows, or so many milliseconds, a number is the database's estimate.
COUNTED, COUNTED_MS = 10_000, 400
#: Of the line in a list.
SPARK_WIDTH, SPARK_HEIGHT = 96, 24


@dataclass(frozen=True)
class Figures:
    """Of one segment, as last counted; `growth` since GROWTH_DAYS before, or since the first count if it is younger."""

    size: int
    day: date
    growth: int
    percent: int | None  # of what it was; None: it was empty, or has been counted once
    since: date
    points: str  # of the line
    trouble: str = ""

    @property
    def percent_said(self) -> str:
        """Blank where a percentage says nothing, as from one to twenty."""
        if not self.percent or abs(self.percent) >= 1000:
            return ""
        return f"{'+' if self.percent > 0 else '−'}{abs(self.percent)} %"


def figures(segment_ids: Collection[int], now: datetime) -> dict[int, Figures]:
    """By segment, those that were ever counted lately; one query."""
    by_segment: dict[int, list[SegmentSize]] = defaultdict(list)
    for row in counts(segment_ids, now, GROWTH_DAYS):
        by_segment[row.segment_id].append(row)
    return {pk: _of(rows) for pk, rows in by_segment.items()}


def counts(segment_ids: Collection[int], now: datetime, days: int) -> QuerySet[SegmentSize]:
    """Those of the last days that are over, the oldest first."""
    first = clock.today(now) - timedelta(days=days)
    rows = SegmentSize.objects.filter(segment__in=segment_ids, day__gte=first, counted_at__isnull=False)
    return rows.order_by("segment_id", "day")


def _of(rows: Sequence[SegmentSize]) -> Figures:
    good = [row for row in rows if not row.trouble]
    first, last = (good[0], good[-1]) if good else (rows[-1], rows[-1])
    growth = last.size - first.size
    percent = round(100 * growth / first.size) if first.size and len(good) > 1 else None
    points = drawing.line([(row.day, row.size) for row in good], SPARK_WIDTH, SPARK_HEIGHT)
    return Figures(last.size, last.day, growth, percent, first.day, points, rows[-1].trouble)


def about(rows: QuerySet[Any]) -> tuple[int, bool]:
    """(how many rows, whether that is exact): counted up to COUNTED and for COUNTED_MS, else as Postgres expects it."""
    rows = rows.order_by()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(COUNTED_MS)])
            counted = rows[: COUNTED + 1].count()
            cursor.execute("SELECT set_config('statement_timeout', '0', true)")
        if counted <= COUNTED:
            return counted, True
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        counted = 0
    plan = json.loads(rows.values("pk").explain(format="json"))
    return max(int(plan[0]["Plan"]["Plan Rows"]), counted), False


def in_words(number: int, exact: bool, one: str, many: str) -> str:
    """“1 account”, “1,240 accounts”, “about 240,000 accounts”: two figures of an estimate."""
    if exact:
        return f"{number:,} {one if number == 1 else many}"
    step = 10 ** max(len(str(number)) - 2, 0)
    return f"about {round(number / step) * step:,} {many}"
