"""The daily count of segments: how many were in each, and who came and went since the count before.

Each segment is counted in slices of ids, each in a transaction of its own, against the ids that were in it at the last
count; so it costs the same memory at any number of customers, and several workers count several segments.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction

from crm.segments import moves, rules
from crm.segments.filters import FilterError, parse
from crm.segments.models import Segment, SegmentPart, SegmentSize
from crm.slots import filter_subjects
from crm.web import clock

logger = logging.getLogger(__name__)

# Whoever is counted still from an earlier day is finished first.
_OPEN = """
    INSERT INTO crm_segmentsize (segment_id, day, size, entered, "left", came, went, position, trouble, is_first)
    SELECT s.id, %(day)s, 0, 0, 0, '{}', '{}', 0, '',
        NOT EXISTS (SELECT FROM crm_segmentsize z WHERE z.segment_id = s.id AND z.trouble = '')
    FROM crm_segment s
    WHERE s.archived_at IS NULL AND NOT EXISTS (
        SELECT FROM crm_segmentsize z WHERE z.segment_id = s.id AND (z.day >= %(day)s OR z.counted_at IS NULL))
    ORDER BY s.id
    ON CONFLICT DO NOTHING
"""

# The next part with rows of the subject in it, or with members of the last count, some of whom may be gone.
_NEXT = """
    SELECT least(
        (SELECT id FROM crm_{subject} WHERE id >= %(position)s * %(width)s ORDER BY id LIMIT 1) / %(width)s,
        (SELECT part FROM crm_segmentpart WHERE segment_id = %(segment)s AND part >= %(position)s
            ORDER BY part LIMIT 1))
"""

_COUNT = """
    WITH present AS MATERIALIZED ({members}),
    before AS MATERIALIZED (
        SELECT unnest(ids) AS id FROM crm_segmentpart WHERE segment_id = %s AND part = %s),
    came AS MATERIALIZED (SELECT id FROM present EXCEPT SELECT id FROM before),
    went AS MATERIALIZED (SELECT id FROM before EXCEPT SELECT id FROM present),
    kept AS (
        INSERT INTO crm_segmentpart AS p (segment_id, part, ids)
        SELECT %s, %s, coalesce(array_agg(id ORDER BY id), '{{}}') FROM present
        HAVING EXISTS (SELECT FROM came) OR EXISTS (SELECT FROM went)
        ON CONFLICT (segment_id, part) DO UPDATE SET ids = EXCLUDED.ids),
    noted AS (
        INSERT INTO crm_segmentmoves (segment_id, at, came, went)
        SELECT %s, %s, ARRAY(SELECT id FROM came), ARRAY(SELECT id FROM went)
        WHERE %s AND (EXISTS (SELECT FROM came) OR EXISTS (SELECT FROM went)))
    SELECT (SELECT count(*) FROM present), (SELECT count(*) FROM came), (SELECT count(*) FROM went),
        ARRAY(SELECT id FROM came ORDER BY id LIMIT %s), ARRAY(SELECT id FROM went ORDER BY id LIMIT %s)
"""


def run(now: datetime) -> int:
    """One slice of one segment that was not counted today. Returns 1; 0: all are, or others are at it."""
    with transaction.atomic():
        size = _claimed()
        if size is None and _open(now):
            size = _claimed()
        if size is None:
            return 0
        _slice(size, now)
        size.save()
        return 1


def next_due(now: datetime) -> datetime | None:
    """The next midnight, if there is anything to count."""
    if not Segment.objects.in_use().exists():
        return None
    return rules.day_start(clock.today(now) + timedelta(days=1), clock.zone())


def _claimed() -> SegmentSize | None:
    rows = SegmentSize.objects.filter(counted_at=None).select_for_update(of=("self",), skip_locked=True)
    return rows.order_by("id").first()


def _open(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"day": clock.today(now)})
        return int(cursor.rowcount)


def _slice(size: SegmentSize, now: datetime) -> None:
    part = _next(size)
    if part is not None:
        try:
            with transaction.atomic():
                _count(size, part, now)
        except (FilterError, DatabaseError) as error:
            # It is the first in line: left there, it would keep all others from being counted for ever.
            if not connection.is_usable():
                raise
            size.trouble = str(error).partition("\n")[0][:300]
            logger.warning("Segment %s cannot be counted: %s", size.segment_id, error)
            part = None
        else:
            size.position = part + 1
    if part is None or _next(size) is None:
        size.counted_at = now
        moves.forget(size.segment, now)


def _next(size: SegmentSize) -> int | None:
    values = {"position": size.position, "width": SegmentPart.WIDTH, "segment": size.segment_id}
    with connection.cursor() as cursor:
        cursor.execute(_NEXT.format(subject=size.segment.subject), values)
        (part,) = cursor.fetchone()
    return part  # type: ignore[no-any-return]


def _count(size: SegmentSize, part: int, now: datetime) -> None:
    members, parameters = _members(size.segment, part, now)
    here, note = (size.segment_id, part), (size.segment_id, now, _is_to_be_noted(size))
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT.format(members=members), [*parameters, *here, *here, *note, SegmentSize.NAMED, SegmentSize.NAMED]
        )
        present, entered, left, came, went = cursor.fetchone()
    size.size += present
    if not size.is_first:
        size.entered, size.left = size.entered + entered, size.left + left
        size.came, size.went = (size.came + came)[: SegmentSize.NAMED], (size.went + went)[: SegmentSize.NAMED]


def _is_to_be_noted(size: SegmentSize) -> bool:
    """Nobody has come at the first count; who moves in or out of a static segment has been noted by then."""
    return not size.is_first and not size.segment.is_static and moves.is_watched(size.segment_id)


def _members(segment: Segment, part: int, now: datetime) -> tuple[str, Any]:
    """The statement that finds those of one part of the ids who are in the segment."""
    first = part * SegmentPart.WIDTH
    rows = filter_subjects[segment.subject].base().filter(pk__gte=first, pk__lt=first + SegmentPart.WIDTH).order_by()
    asked = {"field": "segment", "op": "is_in", "value": segment.pk}
    return parse(asked, segment.subject).apply(rows, now).values("id").query.sql_with_params()
