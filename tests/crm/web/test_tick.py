"""The clock that walks: where it stops, what it runs there, and what it refuses."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from crm import slots
from crm.management.commands import tick
from crm.web import clock
from crm.web.models import Pulse
from tests.conftest import NOON

HOUR = timedelta(hours=1)


class Diary:
    """Work of entries at moments; doing one can write another. Notes when each was done, and by which clock."""

    def __init__(self, *dues: datetime, slice_size: int = 2) -> None:
        self.dues = sorted(dues)
        self.slice_size = slice_size
        self.done: list[tuple[datetime, datetime]] = []
        self.follow_up: timedelta | None = None

    def run(self, now: datetime) -> int:
        assert clock.now() == now
        ready = [due for due in self.dues if due <= now][: self.slice_size]
        for due in ready:
            self.dues.remove(due)
            self.done.append((due, now))
            if self.follow_up:
                self.dues.append(due + self.follow_up)
        return len(ready)

    def next_due(self, now: datetime) -> datetime | None:
        return min((due for due in self.dues if due > now), default=None)

    def work(self, order: int = 0) -> slots.Work:
        return slots.Work(self.run, self.next_due, order)


@pytest.fixture
def registry(db: None, monkeypatch: pytest.MonkeyPatch) -> slots.Registry[slots.Work]:
    """No work but the test's own."""
    empty: slots.Registry[slots.Work] = slots.Registry("work")
    monkeypatch.setattr(slots, "work", empty)
    return empty


def run(*args: str) -> str:
    out = StringIO()
    call_command("tick", *args, stdout=out, stderr=StringIO())
    return out.getvalue()


def last_tick() -> datetime | None:
    return Pulse.objects.filter(name="tick").values_list("ran_at", flat=True).first()


def test_without_now_one_slice_of_the_present(registry):
    diary = Diary(NOON, NOON, NOON, NOON + HOUR)
    registry.register("diary", diary.work())
    assert run() == "diary: 2\n"
    assert len(diary.done) == 2
    assert last_tick() == NOON


def test_until_idle_goes_on_until_nothing_is_due_now(registry):
    diary = Diary(NOON, NOON, NOON, NOON + HOUR)
    registry.register("diary", diary.work())
    assert run("--until-idle") == "diary: 3\n"
    assert diary.dues == [NOON + HOUR]


def test_the_first_tick_stands_at_t(registry):
    diary = Diary(NOON - HOUR, NOON + HOUR)
    registry.register("diary", diary.work())
    run("--now", "2026-06-01T14:00")
    assert diary.done == [(NOON - HOUR, NOON + 2 * HOUR), (NOON + HOUR, NOON + 2 * HOUR)]


def test_later_ticks_stop_at_each_due_moment(registry):
    run("--now", NOON.isoformat())
    diary = Diary(NOON + HOUR)
    diary.follow_up = timedelta(days=20)
    registry.register("diary", diary.work())
    assert run("--now", (NOON + timedelta(days=60)).isoformat()) == "diary: 3\n"
    stops = [NOON + HOUR + timedelta(days=days) for days in (0, 20, 40)]
    assert diary.done == [(stop, stop) for stop in stops]
    assert last_tick() == NOON + timedelta(days=60)


def test_what_is_due_at_t_is_done_and_a_tick_later_is_not(registry):
    run("--now", NOON.isoformat())
    diary = Diary(NOON + HOUR, NOON + HOUR + timedelta(microseconds=1))
    registry.register("diary", diary.work())
    run("--now", (NOON + HOUR).isoformat())
    assert diary.done == [(NOON + HOUR, NOON + HOUR)]


def test_kinds_run_in_their_order_then_those_that_moved_and_then_all_again(registry):
    calls: list[str] = []
    first, second = Diary(), Diary(NOON)

    def late(now: datetime) -> int:
        calls.append("second")
        if moved := second.run(now):
            first.dues.append(now)  # what the second does makes work for the first
        return moved

    def early(now: datetime) -> int:
        calls.append("first")
        return first.run(now)

    registry.register("second", slots.Work(late, second.next_due, 2))
    registry.register("first", slots.Work(early, first.next_due, 1))
    run("--until-idle")
    everybody = ["first", "second"]
    assert calls == [*everybody, "second", *everybody, "first", *everybody]
    assert len(first.done) == 1


def test_a_time_before_the_last_tick_is_refused(registry):
    run("--now", NOON.isoformat())
    diary = Diary(NOON - HOUR)
    registry.register("diary", diary.work())
    with pytest.raises(CommandError, match="time does not go back") as refusal:
        run("--now", (NOON - timedelta(microseconds=1)).isoformat())
    assert refusal.value.returncode == 2
    assert diary.done == []
    assert last_tick() == NOON
    run("--now", NOON.isoformat())  # the same moment again is no step back


@pytest.mark.parametrize("text", ["tomorrow", "2026-13-01", "", "12:00"])
def test_a_time_that_is_none_is_refused(registry, text):
    with pytest.raises(CommandError, match="is no moment") as refusal:
        run("--now", text)
    assert refusal.value.returncode == 2
    assert last_tick() is None


@pytest.mark.parametrize("text", ["9999-12-31T23:59", "9999-12-31T23:59-05:00", "0001-01-01T00:00+05:00", "0001-01-01"])
def test_the_ends_of_the_calendar_are_refused(registry, text):
    with pytest.raises(CommandError, match=r"is out of reach|is no moment") as refusal:
        run("--now", text)
    assert refusal.value.returncode == 2
    assert last_tick() is None


def test_the_clock_reaches_its_last_moment_and_no_further(registry):
    with pytest.raises(CommandError, match="from 1970-01-01"):
        run("--now", (tick.LAST + timedelta(microseconds=1)).isoformat())
    with pytest.raises(CommandError, match="is out of reach"):
        run("--now", (tick.FIRST - timedelta(microseconds=1)).isoformat())
    assert last_tick() is None
    run("--now", tick.FIRST.isoformat())
    run("--now", tick.LAST.isoformat())
    assert last_tick() == tick.LAST


def test_an_offset_counts(registry):
    run("--now", "2026-06-01T14:00+02:00")
    assert last_tick() == NOON


def test_work_that_never_ends_is_stopped(registry, monkeypatch):
    monkeypatch.setattr(tick, "MOST_ROUNDS", 5)
    registry.register("mill", slots.Work(lambda now: 1, lambda now: None))
    with pytest.raises(CommandError, match="mill says that rows move") as failure:
        run("--until-idle")
    assert failure.value.returncode == 1
    assert last_tick() is None


def test_work_that_names_moments_for_nothing_is_stopped(registry, monkeypatch):
    monkeypatch.setattr(tick, "MOST_IDLE_STOPS", 5)
    run("--now", NOON.isoformat())
    registry.register("tease", slots.Work(lambda now: 0, lambda now: now + timedelta(seconds=1)))
    with pytest.raises(CommandError, match="5 stops"):
        run("--now", (NOON + HOUR).isoformat())


def test_work_that_claims_the_past_does_not_stop_the_clock(registry):
    run("--now", NOON.isoformat())
    registry.register("held", slots.Work(lambda now: 0, lambda now: now - HOUR))
    run("--now", (NOON + HOUR).isoformat())
    assert last_tick() == NOON + HOUR


def test_a_killed_walk_goes_on_where_it_stopped(registry):
    run("--now", NOON.isoformat())
    diary = Diary(NOON + HOUR, NOON + 2 * HOUR)

    def breaks_at_two(now: datetime) -> int:
        if now == NOON + 2 * HOUR:
            raise RuntimeError("killed")
        return diary.run(now)

    registry.register("diary", slots.Work(breaks_at_two, diary.next_due))
    with pytest.raises(RuntimeError):
        run("--now", (NOON + 3 * HOUR).isoformat())
    assert last_tick() == NOON + HOUR


def test_a_walk_looks_again_a_minute_after_it_began(registry):
    """What was imported or switched on at the last tick's moment is not left for the next due one, which may be far."""
    looks: dict[datetime, None] = {}
    registry.register("sweep", slots.Work(lambda now: looks.update({now: None}) or 0, lambda now: None, 0))
    run("--now", NOON.isoformat())
    run("--now", (NOON + HOUR).isoformat())
    assert list(looks) == [NOON, NOON + timedelta(minutes=1), NOON + HOUR]
