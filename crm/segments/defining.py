"""The verbs of segments: make, change, archive and restore. What uses a segment keeps it as it must be for that use.

All of them, and the keeping of views, wait for each other: two changes at once could make a circle or use what goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from crm.history.actions import UndoError, act
from crm.history.models import Act
from crm.history.undoing import Undone, undoers
from crm.segments import uses
from crm.segments.filters import FilterError, named_in, parse
from crm.segments.models import Segment, SegmentChange
from crm.team.models import User


class SegmentError(ValueError):
    """It cannot be done; the message is for the person who asked."""


def make(by: User, subject: str, told: Mapping[str, Any], now: datetime) -> Segment:
    """A new one: name, description, kind, tree and shared, as `told`. Raises SegmentError and FilterError."""
    segment = Segment(owner=by, subject=subject, created_at=now, updated_at=now, **told)
    with alone(segment.tree, segment.shared):
        _check(segment, by)
        _save(segment)
    return segment


def change(segment: Segment, by: User, told: Mapping[str, Any], now: datetime) -> Act:
    """Name, description, tree and shared, as far as `told`. Raises SegmentError and FilterError."""
    with act("segment.changed", f"changed the segment “{segment}”", by, now) as deed, alone_with(segment) as row:
        was_shared = row.shared
        for name, value in told.items():
            setattr(row, name, value)
        row.updated_at = now
        _check_sharing(row.tree, row.shared)
        _check(row, by)
        if was_shared and not row.shared:
            _check_nobody_else_uses(row, by)
        _save(row)
    return deed


def archive(segment: Segment, by: User, now: datetime) -> Act:
    """Offered and counted no more. Raises SegmentError with the names of what uses it."""
    with act("segment.archived", f"archived the segment “{segment}”", by, now) as deed, alone_with(segment):
        _check_nobody_uses(segment, by)
        Segment.objects.filter(pk=segment.pk, archived_at=None).update(archived_at=now, updated_at=now)
    return deed


def restore(segment: Segment, by: User, now: datetime) -> None:
    """Under another name if its own was given away meanwhile. Raises FilterError if what it is made of is gone."""
    with act("segment.restored", f"restored the segment “{segment}”", by, now), alone(segment.tree, segment.shared):
        segment.archived_at, segment.updated_at = None, now
        _check(segment, None)
        try:
            _save(segment)
        except SegmentError:
            segment.name = f"{segment.name[:60]} (restored {segment.pk})"
            _save(segment)


@contextmanager
def alone(tree: Any = None, shared: bool = False) -> Any:
    """The only change of segments, and of what names them, until the caller's transaction ends. Raises SegmentError
    if what is to be shared names a segment that is not."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('crm.segments'))")
        _check_sharing(tree, shared)
        yield


@contextmanager
def alone_with(segment: Segment) -> Iterator[Segment]:
    """The same, with the segment as it is now: its row first, as an undo has it before it asks `undone`."""
    with transaction.atomic():
        row = Segment.objects.select_for_update().get(pk=segment.pk)
        with alone():
            yield row


def undone(deed: Act, by: User | None, now: datetime) -> Undone:
    """For crm.history, which has given columns back: what came of it must be such as `change` would let it be."""
    touched = SegmentChange.objects.filter(act=deed, pgh_label="update").values("pgh_obj")
    with alone():
        for row in Segment.objects.filter(pk__in=touched).order_by("pk"):
            try:
                _check_whole(row, by)
            except (SegmentError, FilterError) as error:
                raise UndoError(f"It cannot be taken back. {error}") from None
    return Undone(0)


def _check_whole(row: Segment, by: User | None) -> None:
    """All that must hold of one, as it is."""
    if row.archived_at:
        _check_nobody_uses(row, by)
        return
    _check_sharing(row.tree, row.shared)
    _check(row, None)
    if not row.shared:
        _check_nobody_else_uses(row, by)


def register_undoers() -> None:
    for kind in ("segment.changed", "segment.archived", "segment.restored"):
        undoers.register(kind, undone)
        undoers.register(f"redo.{kind}", undone)


def _check_sharing(tree: Any, shared: bool) -> None:
    if shared and (private := uses.private_among(named_in(tree))):
        names = ", ".join(f"“{segment}”" for segment in private)
        raise SegmentError(
            f"{names} {'is' if len(private) == 1 else 'are'} not shared, so others could not use this. "
            "Share that first, or keep this to yourself."
        )


def _check(segment: Segment, viewer: User | None) -> None:
    """Raises FilterError for a filter that cannot be, a circle among them."""
    if segment.is_static and segment.tree:
        raise SegmentError("A static segment has no filter: people choose who is in it.")
    parse(segment.tree, segment.subject, viewer, being=segment)


def _check_nobody_uses(segment: Segment, by: User | None) -> None:
    if using := uses.uses_of([segment.pk])[segment.pk]:
        raise SegmentError(
            f"“{segment}” is used by {uses.in_words(using, by)}. Take it out there, and archive it then."
        )


def _check_nobody_else_uses(segment: Segment, by: User | None) -> None:
    others = [use for use in uses.uses_of([segment.pk])[segment.pk] if use.of is None or use.of.pk != segment.owner_id]
    if others:
        raise SegmentError(
            f"“{segment}” is used by {uses.in_words(others, by)}, so it has to stay shared. Take it out there first."
        )


def _save(segment: Segment) -> None:
    try:
        with transaction.atomic():
            segment.save()
    except IntegrityError as error:
        if "segment_name_once" not in str(error):
            raise
        raise SegmentError(f"There is a segment called “{segment.name}” already. Give another name.") from None
