"""When a house is open, beside an oracle that looks at the clock on the wall minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.team.hours import OFFICE_WEEK, ClosedDays, Hours, day_words, parse_day

MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Hours(BERLIN, OFFICE_WEEK)

#: A zone, and a day around which its clock changes, or on which nothing happens.
CHANGES = [
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),  # half an hour back
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, tzinfo=UTC)),  # half an hour on
    ("Pacific/Chatham", datetime(2026, 4, 4, 14, tzinfo=UTC)),  # 12:45 from Greenwich, an hour back
    ("Pacific/Chatham", datetime(2026, 9, 26, 14, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 11, 1, 5, tzinfo=UTC)),  # midnight comes twice
    ("America/Havana", datetime(2026, 3, 8, 5, tzinfo=UTC)),  # midnight never comes
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),  # a whole day never came
    ("UTC", datetime(2026, 6, 1, tzinfo=UTC)),
]


def oracle(hours: Hours, moment: datetime) -> bool:
    wall = moment.astimezone(hours.zone)
    if any(closed.starts_on <= wall.date() <= closed.ends_on for closed in hours.closed):
        return False
    return any(begin <= wall.hour * 60 + wall.minute < end for begin, end in hours.week[wall.weekday()])


days = st.lists(st.integers(0, 1440), min_size=0, max_size=4, unique=True).map(
    lambda cuts: [pair for number, pair in enumerate(pairwise(sorted(cuts))) if number % 2 == 0]
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Hours, datetime, datetime]:
    zone, around = draw(st.sampled_from(CHANGES))
    week = draw(st.lists(days, min_size=7, max_size=7))
    first = around.date() + timedelta(days=draw(st.integers(-2, 2)))
    closed = draw(st.sampled_from([(), (ClosedDays(first, first),), (ClosedDays(first, first + timedelta(days=1)),)]))
    start = around + draw(st.integers(-36 * 60, 12 * 60)) * MINUTE
    return Hours(ZoneInfo(zone), week, closed), start, start + draw(st.integers(0, 40 * 60)) * MINUTE


@settings(max_examples=60)
@given(cases())
def test_it_agrees_with_a_look_at_the_wall_every_minute(case: tuple[Hours, datetime, datetime]):
    hours, start, end = case
    minutes = [start + n * MINUTE for n in range(round((end - start) / MINUTE))]
    open_minutes = [moment for moment in minutes if oracle(hours, moment)]
    assert [moment for moment in minutes if hours.open_at(moment)] == open_minutes
    assert hours.open_time_between(start, end) == len(open_minutes) * MINUTE
    if open_minutes:
        assert hours.next_open(start) == open_minutes[0]
        half = len(open_minutes) // 2
        assert hours.add_open_time(start, (half + 1) * MINUTE) == open_minutes[half] + MINUTE
    else:
        assert (hours.next_open(start) or end) >= end


def berlin(day: int, hour: int, minute: int = 0) -> datetime:
    """In June 2026, whose first is a Monday."""
    return datetime(2026, 6, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(("moment", "is_open", "opens"), [
    (berlin(1, 8, 59), False, berlin(1, 9)),
    (berlin(1, 9), True, berlin(1, 9)),
    (berlin(1, 16, 59), True, berlin(1, 16, 59)),
    (berlin(1, 17), False, berlin(2, 9)),
    (berlin(5, 17), False, berlin(8, 9)),  # over the weekend
])  # fmt: skip
def test_on_each_boundary_and_a_minute_before(moment: datetime, is_open: bool, opens: datetime):
    assert (OFFICE.open_at(moment), OFFICE.next_open(moment)) == (is_open, opens)


def test_time_runs_only_while_the_house_is_open():
    assert OFFICE.add_open_time(berlin(5, 16), timedelta(hours=2)) == berlin(8, 10)
    assert OFFICE.add_open_time(berlin(5, 16), timedelta(hours=1)) == berlin(5, 17)  # its end, not Monday's opening
    assert OFFICE.open_time_between(berlin(5, 16), berlin(8, 10)) == timedelta(hours=2)
    assert OFFICE.open_time_between(berlin(8, 10), berlin(5, 16)) == timedelta()


def test_the_next_working_day_is_never_today():
    assert OFFICE.next_working_day(berlin(1, 7)) == berlin(2, 9)
    assert OFFICE.next_working_day(berlin(5, 12)) == berlin(8, 9)
    with_holiday = Hours(BERLIN, OFFICE_WEEK, [ClosedDays(date(2020, 6, 8), date(2020, 6, 9), yearly=True)])
    assert with_holiday.next_working_day(berlin(5, 12)) == berlin(10, 9)


def test_a_house_that_never_opens_says_so():
    never = Hours(BERLIN, ((),) * 7)
    gone = Hours(BERLIN, OFFICE_WEEK, [ClosedDays(date(2026, 1, 1), date(2199, 1, 1))])
    for house in (never, gone):
        assert house.next_open(berlin(1, 10)) is None
        assert house.add_open_time(berlin(1, 10), MINUTE) is None
        assert house.open_time_between(berlin(1, 10), berlin(9, 10)) == timedelta()


@pytest.mark.parametrize(("closed", "day", "covered"), [
    (ClosedDays(date(2026, 5, 1), date(2026, 5, 1)), date(2026, 5, 1), True),
    (ClosedDays(date(2026, 5, 1), date(2026, 5, 1)), date(2027, 5, 1), False),
    (ClosedDays(date(2020, 12, 24), date(2021, 1, 2), yearly=True), date(2026, 12, 31), True),
    (ClosedDays(date(2020, 12, 24), date(2021, 1, 2), yearly=True), date(2026, 1, 2), True),
    (ClosedDays(date(2020, 12, 24), date(2021, 1, 2), yearly=True), date(2026, 1, 3), False),
    (ClosedDays(date(2024, 2, 29), date(2024, 2, 29), yearly=True), date(2026, 2, 28), False),
])  # fmt: skip
def test_holidays(closed: ClosedDays, day: date, covered: bool):
    assert closed.covers(day) is covered


def test_how_long_a_holiday_still_lasts():
    turn = ClosedDays(date(2020, 12, 24), date(2021, 1, 2), yearly=True)
    assert turn.last_from(date(2026, 12, 30)) == date(2027, 1, 2)
    assert ClosedDays(date(2026, 5, 1), date(2026, 5, 1)).last_from(date(2026, 5, 1)) == date(2026, 5, 1)


def test_when_a_holiday_comes_next():
    leap = ClosedDays(date(2024, 2, 29), date(2024, 2, 29), yearly=True)
    assert leap.next_from(date(2026, 6, 1)) == date(2028, 2, 29)
    assert ClosedDays(date(2020, 5, 1), date(2020, 5, 1), yearly=True).next_from(date(2026, 5, 2)) == date(2027, 5, 1)
    assert ClosedDays(date(2026, 5, 1), date(2026, 5, 3)).next_from(date(2026, 5, 2)) == date(2026, 5, 2)
    assert ClosedDays(date(2026, 5, 1), date(2026, 5, 3)).next_from(date(2026, 5, 4)) is None


@pytest.mark.parametrize(("text", "meant"), [
    ("9-17", "09:00–17:00"), ("13.30 to 17:00, 09:00–12:30", "09:00–12:30, 13:30–17:00"), ("closed", ""), ("", ""),
    ("00:00–24:00", "00:00–24:00"), ("9–12 and 12–17", "09:00–12:00, 12:00–17:00"),
])  # fmt: skip
def test_a_day_as_people_write_it(text: str, meant: str):
    assert day_words(parse_day(text)) == meant


@pytest.mark.parametrize(("text", "why"), [
    ("9", "not understood"), ("9-25", "not understood"), ("9:60-10", "not understood"), ("17-9", "ends before"),
    ("9-12, 11-17", "overlap"), ("9-9", "ends before"),
])  # fmt: skip
def test_a_day_that_makes_no_sense_is_refused(text: str, why: str):
    with pytest.raises(ValueError, match=why):
        parse_day(text)
