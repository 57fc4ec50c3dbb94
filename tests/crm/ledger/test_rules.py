from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.ledger.rules import Stretch, add_months, anchor_of, next_stretch, renewals


@pytest.mark.parametrize(
    ("day", "months", "anchor", "expected"),
    [
        (date(2026, 1, 31), 1, None, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, None, date(2028, 2, 29)),
        (date(2026, 2, 28), 1, 31, date(2026, 3, 31)),
        (date(2026, 3, 31), 1, 31, date(2026, 4, 30)),
        (date(2024, 2, 29), 12, None, date(2025, 2, 28)),
        (date(2027, 2, 28), 12, 29, date(2028, 2, 29)),
        (date(2026, 11, 15), 2, None, date(2027, 1, 15)),
        (date(2026, 12, 1), 12, None, date(2027, 12, 1)),
    ],
)
def test_months_end_where_the_month_ends(day, months, anchor, expected):
    assert add_months(day, months, anchor) == expected


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ([date(2026, 1, 31)], 31),
        ([date(2026, 1, 31), date(2026, 2, 28)], 31),
        ([date(2024, 2, 29), date(2025, 2, 28), date(2026, 2, 28)], 29),
        ([date(2026, 2, 28), date(2026, 3, 31)], 31),  # moved to the end of the month
        ([date(2026, 1, 15), date(2026, 2, 1), date(2026, 3, 1)], 1),
    ],
)
def test_the_anchor_is_the_day_that_the_newer_terms_keep_to(starts, expected):
    assert anchor_of(starts) == expected


def test_no_terms_have_no_anchor():
    with pytest.raises(ValueError, match="without terms"):
        anchor_of([])


@pytest.mark.parametrize(
    ("start", "end", "anchor", "next_end"),
    [
        (date(2025, 6, 1), date(2026, 6, 1), 1, date(2027, 6, 1)),
        (date(2026, 1, 31), date(2026, 2, 28), 31, date(2026, 3, 31)),
        (date(2026, 2, 28), date(2026, 3, 31), 31, date(2026, 4, 30)),
        (date(2024, 2, 29), date(2025, 2, 28), 29, date(2026, 2, 28)),
        (date(2027, 2, 28), date(2028, 2, 29), 29, date(2029, 2, 28)),
        (date(2026, 1, 1), date(2026, 1, 31), 1, date(2026, 3, 2)),  # thirty days
        (date(2026, 1, 1), date(2026, 1, 8), 1, date(2026, 1, 15)),  # a week
    ],
)
def test_the_next_term_is_as_long_as_the_last(start, end, anchor, next_end):
    assert next_stretch(Stretch(start, end), anchor) == Stretch(end, next_end)


def test_a_start_on_the_31st_is_not_lost_in_february():
    first = Stretch(date(2025, 12, 31), date(2026, 1, 31))
    ends = [term.ends_on for term in renewals([first.starts_on], first, date(2026, 5, 30))]
    assert ends == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]


def test_nothing_follows_a_term_that_covers_the_day():
    term = Stretch(date(2026, 1, 1), date(2026, 2, 1))
    assert list(renewals([term.starts_on], term, date(2026, 1, 31))) == []
    assert list(renewals([term.starts_on], term, date(2026, 2, 1))) == [Stretch(date(2026, 2, 1), date(2026, 3, 1))]


days = st.dates(date(2000, 1, 1), date(2040, 12, 31))


@given(first=days, length=st.integers(1, 800), ahead=st.integers(0, 3000))
def test_terms_tile_without_gap_or_overlap_whenever_they_are_booked(first, length, ahead):
    stretch = Stretch(first, first + timedelta(days=length))
    until = first + timedelta(days=ahead)
    at_once = [stretch, *renewals([first], stretch, until)]
    for before, after in pairwise(at_once):
        assert after.starts_on == before.ends_on
        assert after.ends_on > after.starts_on
    assert at_once[-1].ends_on > until or len(at_once) == 1
    assert len(at_once) == 1 or at_once[-2].ends_on <= until


@given(first=days, months=st.integers(1, 36), count=st.integers(1, 40))
def test_months_do_not_drift_when_each_night_books_one(first, months, count):
    terms = [Stretch(first, add_months(first, months))]
    for _ in range(count):
        last = terms[-1]
        terms += renewals([term.starts_on for term in terms], last, last.ends_on)
    assert [term.ends_on for term in terms] == [
        add_months(first, months * number) for number in range(1, len(terms) + 1)
    ]
    assert len(terms) == count + 1
