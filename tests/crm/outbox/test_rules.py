"""Quiet hours, cap, back-off and slots, as arithmetic."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.outbox import rules

TICK = timedelta(microseconds=1)
BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = (time(20), time(8))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-06-01T19:59:59.999999+02:00", None),
        ("2026-06-01T20:00:00+02:00", "2026-06-02T08:00:00+02:00"),
        ("2026-06-02T07:59:59.999999+02:00", "2026-06-02T08:00:00+02:00"),
        ("2026-06-02T08:00:00+02:00", None),
        ("2026-03-28T23:00:00+01:00", "2026-03-29T08:00:00+02:00"),  # the night the clock goes forward
        ("2026-10-24T23:00:00+02:00", "2026-10-25T08:00:00+01:00"),  # and back
    ],
)
def test_the_night_ends_at_eight_on_the_reader_s_wall(moment: str, until: str | None) -> None:
    assert rules.quiet_until(at(moment), BERLIN, *NIGHT) == (until and at(until))


def test_quiet_hours_within_one_day() -> None:
    lunch = (time(12), time(14))
    assert rules.quiet_until(at("2026-06-01T11:59+02:00"), BERLIN, *lunch) is None
    assert rules.quiet_until(at("2026-06-01T12:00+02:00"), BERLIN, *lunch) == at("2026-06-01T14:00+02:00")


def test_equal_ends_mean_no_quiet_hours() -> None:
    assert rules.quiet_until(at("2026-06-01T12:00+02:00"), BERLIN, time(9), time(9)) is None


def test_an_end_that_the_clock_jumps_over_is_the_first_instant_after_the_jump() -> None:
    until = rules.quiet_until(at("2026-03-29T01:00+01:00"), BERLIN, time(22), time(2, 30))
    assert until == at("2026-03-29T03:00+02:00")


def test_an_end_that_the_clock_shows_twice_is_the_first() -> None:
    until = rules.quiet_until(at("2026-10-25T01:00+02:00"), BERLIN, time(22), time(2, 30))
    assert until == at("2026-10-25T02:30+02:00")


_ZONES = ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Chatham", "America/Santiago", "Asia/Kolkata"]
_MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
_TIMES = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@given(moment=_MOMENTS, zone=st.sampled_from(_ZONES).map(ZoneInfo), start=_TIMES, end=_TIMES)
def test_the_end_of_quiet_hours_lies_ahead_and_is_not_quiet(
    moment: datetime, zone: ZoneInfo, start: time, end: time
) -> None:
    until = rules.quiet_until(moment, zone, start, end)
    if until is None:
        return
    assert moment < until <= moment + timedelta(hours=25)
    assert rules.quiet_until(until, zone, start, end) is None or _next_window_begins(until, zone, start)


def _next_window_begins(until: datetime, zone: ZoneInfo, start: time) -> bool:
    """A jump over both ends lets one night begin where the last ended."""
    wall = until.astimezone(zone)
    return wall.utcoffset() != (until - TICK).astimezone(zone).utcoffset() or wall.time() >= start


NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


def test_the_cap_counts_a_window_that_is_open_at_its_old_end() -> None:
    two, oldest = [NOON - timedelta(days=1), NOON - timedelta(days=2)], NOON - WEEK
    assert rules.capped_until([*two, oldest], NOON, 3, 7) is None
    assert rules.capped_until([*two, oldest + TICK], NOON, 3, 7) == NOON + TICK
    assert rules.capped_until(two, NOON, 3, 7) is None


@given(
    ages=st.lists(st.integers(0, 14 * 86_400), max_size=12), cap=st.integers(1, 5), days=st.integers(1, 10)
)  # fmt: skip
def test_when_the_cap_lets_go_it_lets_go(ages: list[int], cap: int, days: int) -> None:
    sent = [NOON - timedelta(seconds=age) for age in ages]
    until = rules.capped_until(sent, NOON, cap, days)
    within = sum(moment > NOON - timedelta(days=days) for moment in sent)
    assert (until is None) == (within < cap)
    if until:
        assert until > NOON
        assert rules.capped_until(sent, until, cap, days) is None
        assert rules.capped_until(sent, until - TICK, cap, days) == until


def test_back_off_doubles_from_a_minute_to_an_hour() -> None:
    assert [rules.backoff(n, 0) for n in (1, 2, 3, 6, 7, 99)] == [timedelta(minutes=m) for m in (1, 2, 4, 32, 60, 60)]
    assert rules.backoff(1, 0.999) < timedelta(seconds=75)


@given(per_minute=st.integers(1, 300), count=st.integers(1, 700))
def test_no_minute_gets_more_than_its_slots(per_minute: int, count: int) -> None:
    free, minutes = None, []
    for _ in range(count):
        minute, free = rules.next_slot(free, NOON, per_minute)
        minutes.append(minute)
    assert minutes == sorted(minutes)
    assert max(minutes.count(minute) for minute in set(minutes)) == min(per_minute, count)
    assert len(set(minutes)) == -(-count // per_minute)
