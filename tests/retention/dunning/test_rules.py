"""When a failed payment is tried again: each rule alone, beside a slow look at every hour, and on its boundaries."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.team.hours import ClosedDays
from crm.web.rules import local_moment
from retention.dunning import rules
from retention.dunning.rules import Told, Ways

LISBON, BERLIN = ZoneInfo("Europe/Lisbon"), ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def planned(failed: str, zone: ZoneInfo = LISBON, closed: tuple[ClosedDays, ...] = (), **ways: object) -> list[str]:
    moment = at(failed)
    told = Told(moment, moment, 0)
    return [rules.explained(one, zone) for one in rules.rest_of_plan(Ways(**ways), told, zone, closed, moment)]  # type: ignore[arg-type]


def test_a_month_is_planned_in_words() -> None:
    assert planned("2026-11-26T09:30") == [
        "Mon 30 Nov 08:00 Lisbon: the last working day of the month is a payday",
        "Fri 4 Dec 09:00 Lisbon: 4 days after the last try",
        "Wed 9 Dec 10:00 Lisbon: 5 days after the last try",
        "Tue 15 Dec 11:00 Lisbon: the fifteenth is a payday",
    ]


@pytest.mark.parametrize(("day", "words"), [
    (date(2026, 12, 1), "the first is a payday"),
    (date(2026, 8, 3), "the first working day after the first, a payday"),  # the 1st is a Saturday
    (date(2026, 8, 1), ""),
    (date(2026, 12, 15), "the fifteenth is a payday"),
    (date(2026, 10, 30), "the last working day of the month is a payday"),  # the 31st is a Saturday
    (date(2026, 10, 31), ""),
    (date(2026, 10, 29), ""),
])  # fmt: skip
def test_paydays_are_days_on_which_money_comes(day: date, words: str) -> None:
    assert rules.payday(Ways(), day, ()) == words


def test_holidays_move_paydays_and_are_no_days_for_tries() -> None:
    closed = (ClosedDays(date(2026, 12, 1), date(2026, 12, 1)),)
    assert rules.payday(Ways(), date(2026, 12, 1), closed) == ""
    assert rules.payday(Ways(), date(2026, 12, 2), closed) == "the first working day after the first, a payday"
    assert planned("2026-11-26T09:30", closed=closed)[0].startswith("Mon 30 Nov 08:00")  # the last working day


def test_a_payday_that_nobody_chose_is_a_day_like_others() -> None:
    assert rules.payday(Ways(paydays=frozenset({rules.FIFTEENTH})), date(2026, 12, 1), ()) == ""


def test_the_clock_that_jumps_is_that_of_the_wall() -> None:
    """On Sunday 28 March 2027 Lisbon skips from 01:00 to 02:00: 01:00 never is, and the next hour is taken."""
    sundays = {"weekdays": frozenset({6}), "from_hour": 1, "until_hour": 3, "paydays": frozenset()}
    (first, *_) = planned("2027-03-22T12:00", **sundays)
    assert first.startswith("Sun 28 Mar 02:00 Lisbon")
    told = Told(at("2027-03-22T12:00"), at("2027-03-22T12:00"), 0)
    one = rules.next_try(Ways(**sundays), told, LISBON, (), told.failed_at)  # type: ignore[arg-type]
    assert one
    assert one.at == at("2027-03-28T01:00")  # which is 02:00 there


def test_after_the_last_try_the_plan_is_over() -> None:
    told = Told(at("2026-11-26T09:30"), at("2026-12-15T11:00"), 4)
    assert rules.next_try(Ways(), told, LISBON, (), told.last_at) is None


_WAYS = st.builds(
    Ways, tries=st.integers(1, 6), longest=st.integers(1, 40), apart=st.integers(1, 5), from_hour=st.integers(0, 20),
    until_hour=st.integers(22, 24), weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    paydays=st.frozensets(st.sampled_from(list(rules.PAYDAYS))),
)  # fmt: skip
_MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
_NAMES = ("Europe/Lisbon", "America/Santiago", "Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kolkata")
_ZONES = st.sampled_from([ZoneInfo(name) for name in _NAMES])
_CLOSED = st.lists(
    st.dates(date(2026, 1, 1), date(2028, 2, 1)).map(lambda day: ClosedDays(day, day + 3 * DAY)), max_size=5
)


@given(_WAYS, _MOMENTS, _ZONES, _CLOSED)
def test_every_try_keeps_every_rule(ways: Ways, failed: datetime, zone: ZoneInfo, closed: list[ClosedDays]) -> None:
    tries = list(rules.rest_of_plan(ways, Told(failed, failed, 0), zone, closed, failed))
    assert len(tries) <= ways.tries
    before = failed
    for one in tries:
        wall, last = one.at.astimezone(zone), before.astimezone(zone)
        assert wall.hour in ways.hours
        assert wall.minute == 0
        assert wall.hour != last.hour
        assert wall.weekday() in ways.weekdays
        assert not any(days.covers(wall.date()) for days in closed)
        assert (wall.date() - last.date()).days >= ways.apart
        assert failed < one.at <= failed + ways.longest * DAY
        before = one.at


@given(_WAYS, _MOMENTS, _ZONES, _CLOSED)
def test_there_is_no_try_only_where_no_hour_would_do(
    ways: Ways, failed: datetime, zone: ZoneInfo, closed: list[ClosedDays]
) -> None:
    found = rules.next_try(ways, Told(failed, failed, 0), zone, closed, failed)
    last, end = failed.astimezone(zone), failed + ways.longest * DAY
    fits = False
    for n in range(ways.apart, ways.longest + 2):
        day = last.date() + n * DAY
        if day.weekday() not in ways.weekdays or any(days.covers(day) for days in closed):
            continue
        for hour in ways.hours:
            moment = local_moment(day, time(hour), zone)
            fits |= moment.astimezone(zone).hour == hour != last.hour and failed <= moment <= end
    assert (found is not None) == fits


def test_grace_ends_with_a_day_and_not_a_tick_before() -> None:
    ends = rules.end_of_grace(at("2026-06-01T21:59"), 7, BERLIN)  # 1 June, 23:59 in Berlin
    assert ends == at("2026-06-08T22:00")
    assert rules.end_of_grace(at("2026-06-01T22:00"), 7, BERLIN) == at("2026-06-09T22:00")
    assert rules.last_day(ends, BERLIN) == date(2026, 6, 8)
    tick = timedelta(microseconds=1)
    assert rules.left_words(ends, ends - tick, BERLIN) == "until tonight"
    assert rules.left_words(ends, ends, BERLIN) == "over since the end of 8 June"
    assert rules.left_words(ends, ends - 2 * DAY, BERLIN) == "1 day left"  # 7 June has just begun


@pytest.mark.parametrize(("words", "hard"), [
    ("lost_card", True), ("Your card was declined (stolen_card).", True), ("Lost card", True),
    ("insufficient_funds", False), ("", False), ("a lost_cardigan", False),
])  # fmt: skip
def test_hard_declines_are_known_by_code_or_words(words: str, hard: bool) -> None:
    assert rules.is_hard(words, rules.HARD) is hard


@pytest.mark.parametrize(("tried", "by_person", "written", "by"), [
    (True, False, True, rules.RETRY), (True, True, True, rules.PERSON), (False, False, True, rules.MESSAGE),
    (False, True, False, rules.THEMSELVES),
])  # fmt: skip
def test_money_is_put_down_to_the_last_thing_that_was_done(
    tried: bool, by_person: bool, written: bool, by: str
) -> None:
    assert rules.brought_by(tried=tried, by_person=by_person, written=written) == by
