"""Who is in a static segment: put in and taken out in sets, and what takes that back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from crm.history.actions import present_act
from crm.history.models import Act
from crm.history.undoing import Undone
from crm.segments import moves
from crm.segments.defining import SegmentError, alone
from crm.segments.models import Segment, SegmentMember, SegmentMemberChange
from crm.slots import Moving
from crm.team.models import User

# Rows that go meanwhile are waited for, so that no place is made for nobody.
_ADD = """
    INSERT INTO crm_segmentmember (segment_id, {subject}_id, added_in, added_at)
    SELECT %(segment)s, r.id, %(act)s, %(now)s
    FROM (SELECT id FROM crm_{subject} WHERE id = ANY(%(ids)s) ORDER BY id FOR KEY SHARE) AS r
    ON CONFLICT DO NOTHING RETURNING {subject}_id
"""
_REMOVE = """
    WITH locked AS MATERIALIZED (
        SELECT id FROM crm_segmentmember WHERE segment_id = %(segment)s AND {subject}_id = ANY(%(ids)s)
        ORDER BY id FOR UPDATE)
    DELETE FROM crm_segmentmember m USING locked WHERE m.id = locked.id RETURNING m.{subject}_id
"""


def add(segment: Segment, ids: Sequence[int], by: User, now: datetime) -> int:
    """Put these rows in, which `by` may see, in the caller's transaction. Returns how many were not in it yet.

    Raises SegmentError for a segment that `by` may not fill.
    """
    row = _fillable(segment, by)
    came = _run(_ADD, row, ids, now)
    moves.note(row, now, came=came)
    return len(came)


def remove(segment: Segment, ids: Sequence[int], by: User, now: datetime) -> int:
    """Take these rows out, as `add` puts them in. Returns how many were in it. History brings them back."""
    row = _fillable(segment, by)
    went = _run(_REMOVE, row, ids, now)
    moves.note(row, now, went=went)
    return len(went)


def called(name: str, subject: str, by: User, now: datetime) -> Segment:
    """Their own static segment of that name; a new one, private, if there is none. Raises SegmentError."""
    with alone():
        mine = Segment.objects.in_use().filter(owner=by, subject=subject, name__iexact=name)
        segment, _ = mine.get_or_create(
            defaults={
                "name": name, "subject": subject, "owner": by, "kind": Segment.Kind.STATIC, "created_at": now,
                "updated_at": now,
            }
        )  # fmt: skip
    return segment


def _fillable(segment: Segment, by: User) -> Segment:
    row = Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
    if not row.is_static:
        raise SegmentError(f"“{row}” is dynamic: its filter says who is in it. Change that, or take a static one.")
    if not (row.may_be_seen_by(by) and row.may_be_filled_by(by)):
        raise SegmentError(f"You may not change who is in “{row}”.")
    return row


def _run(statement: str, segment: Segment, ids: Sequence[int], now: datetime) -> list[int]:
    deed = present_act()
    values: dict[str, Any] = {"segment": segment.pk, "ids": list(ids), "act": deed.pk if deed else None, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(subject=segment.subject), values)
        return [pk for (pk,) in cursor.fetchall()]


def joining_undone(deed: Act, by: User | None, now: datetime) -> Undone:
    """Those who came by the act go again, as far as they are still in. History remembers them, should it be redone."""
    places = SegmentMember.objects.filter(added_in=deed.pk)
    for segment in Segment.objects.filter(pk__in=places.values("segment"), subject="account").order_by("pk"):
        moves.note(segment, now, went=list(places.filter(segment=segment).values_list("account", flat=True)))
    taken, _ = places.delete()
    return Undone(taken)


def brought_back(deed: Act, by: User | None, now: datetime) -> Undone:
    """Nothing is left to do: history has brought back the rows that were deleted."""
    return Undone(0)


# A merge -------------------------------------------------------------------------------------------------------------

_MOVE = """
    UPDATE crm_segmentmember m SET {key}_id = %(keeper)s WHERE m.{key}_id = %(loser)s AND NOT EXISTS (
        SELECT FROM crm_segmentmember k WHERE k.segment_id = m.segment_id AND k.{key}_id = %(keeper)s)
    RETURNING m.id
"""
_TAKE = "DELETE FROM crm_segmentmember m WHERE {key}_id = %(loser)s RETURNING m.id, to_jsonb(m)"
_BACK = "UPDATE crm_segmentmember SET {key}_id = %(loser)s WHERE id = ANY(%(moved)s) AND {key}_id = %(keeper)s"
_PUT = """
    INSERT INTO crm_segmentmember (id, segment_id, account_id, contact_id, added_in, added_at)
    SELECT id, segment_id, account_id, contact_id, added_in, added_at
    FROM jsonb_populate_recordset(NULL::crm_segmentmember, %(gone)s)
    WHERE segment_id IN (SELECT id FROM crm_segment) ON CONFLICT DO NOTHING
"""


def moving(key: str) -> Moving:
    """The verbs of a merge for one of the keys, account or contact: the keeper is in every segment that one of both was
    in. The merge takes it back by itself, so history does not remember it."""

    def move(loser: int, keeper: int, now: datetime) -> dict[str, Any]:
        values = {"loser": loser, "keeper": keeper}
        with connection.cursor() as cursor:
            cursor.execute(_MOVE.format(key=key), values)
            moved = [row[0] for row in cursor.fetchall()]
            cursor.execute(_TAKE.format(key=key), values)
            gone = {pk: json.loads(row) for pk, row in cursor.fetchall()}
        SegmentMemberChange.objects.filter(act=present_act(), pgh_obj__in=gone, pgh_label="delete").delete()
        return {"moved": moved, "gone": list(gone.values())} if moved or gone else {}

    def move_back(done: dict[str, Any], loser: int, keeper: int) -> list[str]:
        values = {"loser": loser, "keeper": keeper, "moved": done["moved"], "gone": Jsonb(done["gone"])}
        with connection.cursor() as cursor:
            cursor.execute(_BACK.format(key=key), values)
            cursor.execute(_PUT, values)
        return []

    return Moving(move, move_back)
