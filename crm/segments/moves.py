"""Who came into a segment and who left it, and when: noted for the segments that somebody watches.

Of a static one it is noted by the act itself; of a dynamic one by the count of each night, against the count before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from crm.segments.filters import parse
from crm.segments.models import Segment, SegmentMoves, SegmentSize
from crm.slots import filter_subjects, segment_watchers

#: So long moves are known.
KEPT = timedelta(days=400)

type Statement = tuple[str, Sequence[Any]]


def is_watched(segment_id: int) -> bool:
    """One query for each room that watches segments."""
    return any(segment_id in watched() for watched in segment_watchers)


def note(segment: Segment, now: datetime, came: Sequence[int] = (), went: Sequence[int] = ()) -> None:
    """In the transaction of whoever moves them. What was noted very long ago is let go."""
    if (came or went) and is_watched(segment.pk):
        SegmentMoves.objects.create(segment=segment, at=now, came=list(came), went=list(went))
        forget(segment, now)


def forget(segment: Segment, now: datetime) -> None:
    SegmentMoves.objects.filter(segment=segment, at__lt=now - KEPT).delete()


def moved(segment: Segment, since: datetime, now: datetime, *, came: bool) -> Statement:
    """A query: account_id and the moment `at` of each who came, or went, in this stretch, both ends included.

    Who was put into a static segment and taken out again since has not come, and the other way round.
    """
    column = "came" if came else "went"
    sql = f"""
        SELECT mover.account_id, moves.at FROM crm_segmentmoves AS moves
        CROSS JOIN LATERAL unnest(moves.{column}) AS mover(account_id)
        WHERE moves.segment_id = %s AND moves.at >= %s AND moves.at <= %s
    """  # noqa: S608  (a column of ours)
    if segment.is_static:
        sql += _STAYED if came else _STAYED_AWAY
    return sql, [segment.pk, since, now]


_PLACE = """
    SELECT FROM crm_segmentmember m
    WHERE m.segment_id = moves.segment_id AND m.account_id = mover.account_id AND m.contact_id IS NULL
"""
_STAYED = f" AND EXISTS ({_PLACE} AND m.added_at = moves.at)"
_STAYED_AWAY = f" AND NOT EXISTS ({_PLACE})"


def present(segment: Segment, now: datetime) -> Statement:
    """A query: account_id of each who is in it, and since when (`at`); NULL: nobody noted that.

    Of a dynamic one those of the last count; before the first one, whom its filter finds now.
    """
    if segment.is_static:
        return "SELECT account_id, added_at AS at FROM crm_segmentmember WHERE segment_id = %s", [segment.pk]
    if SegmentSize.objects.filter(segment=segment, counted_at__isnull=False, trouble="").exists():
        return _COUNTED, [segment.pk, segment.pk]
    asked = {"field": "segment", "op": "is_in", "value": segment.pk}
    found = parse(asked, segment.subject).apply(filter_subjects[segment.subject].base(), now).order_by().values("id")
    sql, parameters = found.query.sql_with_params()
    return f"SELECT id AS account_id, NULL::timestamptz AS at FROM ({sql}) AS found", parameters  # noqa: S608


_COUNTED = """
    SELECT member.account_id, noted.at
    FROM crm_segmentpart AS part CROSS JOIN LATERAL unnest(part.ids) AS member(account_id)
    LEFT JOIN (
        SELECT mover.account_id, max(moves.at) AS at FROM crm_segmentmoves AS moves
        CROSS JOIN LATERAL unnest(moves.came) AS mover(account_id) WHERE moves.segment_id = %s GROUP BY 1
    ) AS noted ON noted.account_id = member.account_id
    WHERE part.segment_id = %s
"""
