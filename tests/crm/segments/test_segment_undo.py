"""The undo of a change of segments: never into a state that no change would be let into."""

from __future__ import annotations

import pytest

from crm.history.actions import UndoError, undo
from crm.history.models import Act
from crm.segments import defining
from crm.segments.filters import parse
from crm.segments.models import Segment
from crm.team.models import User
from tests.conftest import NOON
from tests.crm.segments.test_segment_filters import LARGE, inside, made


def test_an_undo_makes_no_circle(mira: User) -> None:
    one, two = made(mira, "One", LARGE), made(mira, "Two", LARGE)
    defining.change(one, mira, {"tree": inside(two)}, NOON)
    taken_out = defining.change(one, mira, {"tree": LARGE}, NOON)
    defining.change(two, mira, {"tree": inside(one)}, NOON)

    with pytest.raises(UndoError, match="cannot be made of itself"):
        undo(taken_out, mira, NOON)

    assert Segment.objects.get(pk=one.pk).tree == LARGE
    assert parse(inside(two)).sentence()


def test_an_undo_takes_no_segment_away_from_those_who_use_it(mira: User, ada: User) -> None:
    one = made(mira, "One", LARGE)
    sharing = defining.change(one, mira, {"shared": True}, NOON)
    made(ada, "Two", inside(one), shared=True)

    with pytest.raises(UndoError, match="has to stay shared"):
        undo(sharing, mira, NOON)

    assert Segment.objects.get(pk=one.pk).shared


def test_an_undo_brings_nothing_back_that_is_made_of_what_is_archived(mira: User) -> None:
    inner = made(mira, "Inner", LARGE)
    outer = made(mira, "Outer", inside(inner))
    archiving = defining.archive(outer, mira, NOON)
    defining.archive(inner, mira, NOON)

    with pytest.raises(UndoError, match="“Inner” is archived"):
        undo(archiving, mira, NOON)

    defining.restore(inner, mira, NOON)
    assert undo(archiving, mira, NOON).reverted == 1
    with pytest.raises(UndoError, match="is used by the segment “Outer”"):
        undo(Act.objects.get(kind="segment.restored"), mira, NOON)


def test_an_undo_of_an_undo_is_looked_at_too(mira: User) -> None:
    one, two = made(mira, "One", LARGE), made(mira, "Two", LARGE)
    undo(defining.change(one, mira, {"tree": inside(two)}, NOON), mira, NOON)
    defining.change(two, mira, {"tree": inside(one)}, NOON)

    with pytest.raises(UndoError, match="cannot be made of itself"):
        undo(Act.objects.get(kind=Act.UNDO), mira, NOON)
