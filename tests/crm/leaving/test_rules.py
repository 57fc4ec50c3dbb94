"""What fits whoever wants to leave, and on which day a contract ends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.leaving.rules import DISCOUNT, PAUSE, SMALLER, TALK, Offer, Standing, Term, ends_on, fitting

TODAY = date(2026, 6, 1)


def _fits(kind: str, status: str = "paid", had_last: date | None = None, *, paid_for: bool = True) -> bool:
    offer = Offer(kind, 20, 3)
    return fitting(offer, Standing(status, paid_for, had_last), TODAY, 365) is offer


@pytest.mark.parametrize("kind", [PAUSE, DISCOUNT])
def test_a_limited_offer_comes_again_on_its_day_and_not_one_before(kind: str) -> None:
    assert _fits(kind, had_last=TODAY - timedelta(days=365))
    assert not _fits(kind, had_last=TODAY - timedelta(days=364))
    assert not _fits(kind, had_last=TODAY)


@pytest.mark.parametrize("kind", [SMALLER, TALK])
def test_what_costs_nothing_has_no_limit(kind: str) -> None:
    assert _fits(kind, had_last=TODAY)


def test_only_what_runs_and_is_paid_can_pause_or_cost_less() -> None:
    assert [kind for kind in (PAUSE, DISCOUNT, SMALLER, TALK) if _fits(kind, "trial")] == [TALK]
    assert [kind for kind in (PAUSE, DISCOUNT, SMALLER, TALK) if _fits(kind, "paused")] == [DISCOUNT, SMALLER, TALK]
    assert [kind for kind in (PAUSE, DISCOUNT, SMALLER, TALK) if _fits(kind, paid_for=False)] == [PAUSE, TALK]


def test_a_reason_without_an_offer_has_none() -> None:
    assert fitting(None, Standing("paid", True, None), TODAY, 365) is None
    assert fitting(Offer("gold"), Standing("paid", True, None), TODAY, 365) is None


def _term(starts: date, ends: date | None, period: date | None = None) -> Term:
    return Term(starts, ends, period or starts)


def test_what_is_paid_for_runs_to_its_end() -> None:
    terms = [_term(date(2026, 1, 1), date(2027, 1, 1)), _term(date(2027, 1, 1), date(2028, 1, 1))]
    assert ends_on(terms, TODAY) == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("began", "ends"),
    [
        (date(2026, 5, 15), date(2026, 6, 15)),
        (date(2026, 6, 1), date(2026, 7, 1)),  # begun today: a whole month
        (date(2026, 5, 1), date(2026, 7, 1)),  # a month is over today, the next has begun
        (date(2026, 5, 2), date(2026, 6, 2)),
        (date(2025, 1, 31), date(2026, 6, 30)),  # the last day of a shorter month
    ],
)
def test_an_open_contract_ends_with_its_month(began: date, ends: date) -> None:
    assert ends_on([_term(began, None)], TODAY) == ends


def test_months_are_counted_from_where_the_period_began() -> None:
    assert ends_on([_term(date(2026, 5, 20), None, period=date(2026, 5, 5))], TODAY) == date(2026, 6, 5)


def test_what_has_not_begun_never_does_and_what_is_over_has_no_end() -> None:
    assert ends_on([_term(date(2026, 7, 1), date(2027, 7, 1))], TODAY) == date(2026, 7, 1)
    assert ends_on([_term(date(2025, 6, 1), TODAY)], TODAY) is None
    assert ends_on([], TODAY) is None


@given(st.dates(date(2000, 1, 1), TODAY))
def test_an_open_contract_ends_within_a_month_and_never_at_once(began: date) -> None:
    end = ends_on([_term(began, None)], TODAY)
    assert end
    assert TODAY < end <= TODAY + timedelta(days=31)
