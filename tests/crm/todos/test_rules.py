"""Due dates in stretches and words, on the boundary and one tick before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm.todos import rules

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)  # a Monday; 14:00 in Berlin
TICK = timedelta(microseconds=1)


def test_bounds_are_the_viewers_midnights():
    bounds = rules.bounds(NOON, BERLIN)
    assert bounds.now == NOON
    assert bounds.tomorrow == datetime(2026, 6, 1, 22, 0, tzinfo=UTC)
    assert bounds.monday == datetime(2026, 6, 7, 22, 0, tzinfo=UTC)


def test_on_a_sunday_this_week_is_over():
    bounds = rules.bounds(datetime(2026, 6, 7, 12, 0, tzinfo=UTC), UTC)
    assert bounds.tomorrow == bounds.monday == datetime(2026, 6, 8, tzinfo=UTC)


def test_stretches_meet_without_gap():
    bounds = rules.bounds(NOON, UTC)
    edges = [bounds.stretch(name) for name in ("late", "today", "week", "later")]
    assert edges[0][0] is None
    assert edges[-1][1] is None
    assert [end for _, end in edges[:-1]] == [start for start, _ in edges[1:]]
    with pytest.raises(KeyError):
        bounds.stretch("never")


def test_mornings_across_the_change_of_clocks():
    saturday = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)  # clocks go forward in the night
    assert rules.tomorrow_morning(saturday, BERLIN) == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
    assert rules.monday_morning(saturday, BERLIN) == datetime(2026, 3, 30, 7, 0, tzinfo=UTC)


def test_monday_on_a_monday_is_in_a_week():
    assert rules.monday_morning(NOON, UTC) == datetime(2026, 6, 8, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (NOON - timedelta(days=3), "was due 3 days ago"),
        (NOON - timedelta(days=1), "was due yesterday"),
        (NOON - TICK, "was due today 13:59"),
        (NOON, "today 14:00"),
        (datetime(2026, 6, 1, 21, 59, tzinfo=UTC), "today 23:59"),
        (datetime(2026, 6, 1, 22, 0, tzinfo=UTC), "tomorrow 00:00"),
        (NOON + timedelta(days=4), "Friday 14:00"),
        (NOON + timedelta(days=6), "Sunday 14:00"),
        (NOON + timedelta(days=7), "8 June"),
        (datetime(2027, 1, 4, 12, 0, tzinfo=UTC), "4 January 2027"),
    ],
)
def test_due_words(due, words):
    assert rules.due_words(due, NOON, BERLIN) == words
