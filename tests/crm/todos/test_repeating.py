"""Tasks that come again: the arithmetic, and the next one made with the end of the last."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.todos.actions import NewTask, complete, create, reopen
from crm.todos.models import Task
from crm.todos.rules.repeating import WEEKDAYS, Repeat
from crm.web import clock
from crm.web.rules import local_moment
from tests import factories
from tests.conftest import NOON

BERLIN = ZoneInfo("Europe/Berlin")
TICK = timedelta(microseconds=1)


def at(*parts: int) -> datetime:
    """On the wall in Berlin."""
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "words", "after", "due"),
    [
        ("daily 09:00", "every day", at(2026, 3, 28, 9), at(2026, 3, 29, 9)),  # 23 hours: the clock springs
        ("daily 09:00", "every day", at(2026, 10, 24, 9), at(2026, 10, 25, 9)),  # 25 hours
        ("daily 02:30", "every day", at(2026, 3, 28, 2, 30), at(2026, 3, 29, 3)),  # an hour that is not there
        ("daily 02:30", "every day", at(2026, 3, 29, 3), at(2026, 3, 30, 2, 30)),  # and the wall clock is not lost
        ("daily 09:00", "every day", at(2026, 3, 28, 9) - TICK, at(2026, 3, 28, 9)),
        ("weekly mon,thu 09:00", "every Monday and Thursday", at(2026, 6, 1, 9), at(2026, 6, 4, 9)),
        ("weekly mon,thu 09:00", "every Monday and Thursday", at(2026, 6, 4, 9), at(2026, 6, 8, 9)),
        ("weekly sun 09:00", "every Sunday", at(2026, 6, 7, 9), at(2026, 6, 14, 9)),
        ("monthly 15 09:00", "monthly on the 15th", at(2026, 12, 15, 9), at(2027, 1, 15, 9)),
        ("monthly 30 09:00", "monthly on the 30th", at(2026, 1, 30, 9), at(2026, 2, 28, 9)),
        ("monthly 30 09:00", "monthly on the 30th", at(2026, 2, 28, 9), at(2026, 3, 30, 9)),
        ("monthly last 09:00", "monthly on the last day", at(2028, 1, 31, 9), at(2028, 2, 29, 9)),
        ("yearly 02-29 09:00", "yearly on 29 February", at(2028, 2, 29, 9), at(2029, 2, 28, 9)),
        ("yearly 02-29 09:00", "yearly on 29 February", at(2031, 2, 28, 9), at(2032, 2, 29, 9)),
        ("yearly 01-01 00:00", "yearly on 1 January", at(2026, 1, 1), at(2027, 1, 1)),
    ],
)
def test_next(text, words, after, due):
    repeat = Repeat.parse(text)
    assert (str(repeat), repeat.words, repeat.after(after, BERLIN)) == (text, words, due)


@pytest.mark.parametrize(
    "text", ["", "daily", "hourly 09:00", "weekly 09:00", "weekly moon 09:00", "monthly 0 09:00", "monthly 32 09:00",
             "yearly 02-30 09:00", "daily mon 09:00", "daily 25:00"],
)  # fmt: skip
def test_what_says_not_how_often_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  whatever is wrong with it
        Repeat.parse(text)


repeats = st.one_of(
    st.builds(lambda at: f"daily {at:%H:%M}", st.times()),
    st.builds(lambda days, at: f"weekly {','.join(sorted(days, key=WEEKDAYS.index))} {at:%H:%M}",
              st.sets(st.sampled_from(WEEKDAYS), min_size=1), st.times()),
    st.builds(lambda day, at: f"monthly {'last' if day == 31 else day} {at:%H:%M}", st.integers(1, 31), st.times()),
    st.builds(lambda day, at: f"yearly {day:%m-%d} {at:%H:%M}",
              st.dates(datetime(2000, 1, 1).date(), datetime(2000, 12, 31).date()), st.times()),
).map(Repeat.parse)  # fmt: skip
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
                         "Pacific/Apia", "America/Sao_Paulo"]).map(ZoneInfo)  # fmt: skip
moments = st.datetimes(datetime(2012, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
LONGEST = {"daily": 3, "weekly": 9, "monthly": 33, "yearly": 368}


@settings(max_examples=150)
@given(repeats, zones, moments)
def test_it_comes_later_on_its_day_at_its_hour_and_none_is_left_out(repeat, zone, moment):
    due = repeat.after(moment, zone)
    assert moment < due <= moment + timedelta(days=LONGEST[repeat.every])
    local = due.astimezone(zone)
    assert due == local_moment(local.date(), local.time(), zone)
    if local.time() != repeat.at:  # an hour that the clock jumps over
        assert local_moment(local.date(), repeat.at, zone) == due or local.time() == time(0)
    elif repeat.every == "weekly":
        assert local.weekday() in repeat.days
    elif repeat.every != "daily":
        assert local.day == repeat.day or (local + timedelta(days=1)).day == 1
        assert repeat.every == "monthly" or local.month == repeat.month
    assert repeat.after(due - TICK, zone) == due
    assert Repeat.parse(str(repeat)) == repeat


def make(user, repeats="weekly mon 09:00", **fields) -> Task:
    account = factories.account()
    new = NewTask("Water them", at(2026, 6, 1, 9), account.pk, None, user.pk, "All", kind="call", repeats=repeats)
    return Task.objects.get(pk=create([new], now=NOON)[0])


def test_the_next_is_made_with_the_end_of_the_last(mira):
    task = make(mira)
    complete(task, mira, NOON)
    following = Task.objects.get(done_at=None)
    assert (following.title, following.body, following.kind, following.repeats, following.owner) == (
        "Water them", "All", "call", "weekly mon 09:00", mira,
    )  # fmt: skip
    assert (following.due_at, following.account_id) == (at(2026, 6, 8, 9), task.account_id)


def test_done_early_it_comes_after_its_day_and_done_late_after_now(mira):
    complete(make(mira), mira, at(2026, 5, 20, 12))
    complete(make(mira), mira, at(2026, 6, 20, 12))
    assert set(Task.objects.filter(done_at=None).values_list("due_at", flat=True)) == {
        at(2026, 6, 8, 9), at(2026, 6, 22, 9),
    }  # fmt: skip


def test_it_follows_the_owners_clock(make_user):
    kim = make_user("Kim", time_zone="America/New_York")
    complete(make(kim, "daily 09:00"), kim, NOON)
    assert Task.objects.get(done_at=None).due_at == datetime(2026, 6, 1, 13, 0, tzinfo=UTC)


def test_opened_again_takes_the_next_one_back_unless_somebody_has_changed_it(mira, ada):
    task = make(mira)
    complete(task, mira, NOON)
    reopen(task, mira, NOON)
    assert list(Task.objects.values_list("pk", "done_at")) == [(task.pk, None)]
    complete(task, mira, NOON)
    Task.objects.exclude(pk=task.pk).update(owner=ada)
    reopen(task, mira, NOON)
    complete(task, mira, NOON)
    assert Task.objects.filter(done_at=None).count() == 1  # the changed one stayed, and there is no second


@pytest.mark.django_db(transaction=True)
def test_done_twice_at_once_it_follows_once(mira):
    task = make(mira)

    def done(_: int) -> bool:
        with clock.travelling(NOON):
            result = complete(Task.objects.get(pk=task.pk), mira, NOON)
        connection.close()
        return result

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(done, range(6))) == 1
    assert Task.objects.count() == 2
