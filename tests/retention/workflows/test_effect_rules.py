"""Shares, their intervals and what may be said: against published figures, and against a thousand chances."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.workflows.experiments.rules import (
    COARSEST,
    LEAST,
    Share,
    compared,
    detectable,
    difference,
    leader,
    wilson,
)  # fmt: skip

SHARES = st.integers(0, 5000).flatmap(lambda n: st.integers(0, n).map(lambda k: Share(n, k)))


def test_wilson_as_published():
    """Newcombe 1998 (part I), table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    for of, kept, low, high in ((263, 81, 0.2553, 0.3662), (148, 15, 0.0624, 0.1605), (20, 0, 0.0, 0.1611),
                                (29, 1, 0.0061, 0.1718)):  # fmt: skip
        found = wilson(Share(of, kept))
        assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_the_difference_as_published():
    """Newcombe 1998 (part II), table II, method 10: contrasts (a) to (h)."""
    for one, other, low, high in (
        ((70, 56), (80, 48), 0.0524, 0.3339), ((10, 9), (10, 3), 0.1705, 0.8090), ((7, 6), (7, 2), 0.0582, 0.8062),
        ((56, 5), (29, 0), -0.0381, 0.1926), ((10, 0), (20, 0), -0.1611, 0.2775), ((10, 0), (10, 0), -0.2775, 0.2775),
        ((10, 10), (20, 0), 0.6791, 1.0), ((10, 10), (10, 0), 0.6075, 1.0),
    ):  # fmt: skip
        found = difference(Share(*one), Share(*other))
        assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(SHARES, SHARES)
def test_an_interval_holds_what_was_seen_and_turns_round(one, other):
    found, turned = difference(one, other), difference(other, one)
    assert found.low - 1e-9 <= one.value - other.value <= found.high + 1e-9
    assert found.low == pytest.approx(-turned.high)
    assert -1 <= found.low <= found.high <= 1


def test_with_too_few_nothing_is_said_however_it_looks():
    assert compared(Share(LEAST - 1, LEAST - 1), Share(5000, 0)).found == "early"
    assert compared(Share(LEAST, LEAST), Share(5000, 0)).found == "more"
    assert compared(Share(0, 0), Share(0, 0)).found == "early"


def test_no_difference_is_said_only_where_one_would_have_been_seen():
    small, large = Share(150, 75), Share(20_000, 10_000)
    assert detectable(small, small) > COARSEST > detectable(large, large)
    assert (compared(small, small).found, compared(large, large).found) == ("early", "none")


@pytest.mark.parametrize(
    ("a", "b", "name", "found"),
    [((100, 90), (100, 20), "a", "more"), ((100, 20), (100, 90), "b", "more"), ((99, 90), (99, 20), "a", "early")],
)
def test_an_arm_wins_or_leads(a, b, name, found):
    first, verdict = leader({"a": Share(*a), "b": Share(*b)})
    assert (first, verdict.found) == (name, found)


def test_one_arm_leads_nobody():
    assert leader({"a": Share(100, 50)}) is None


def drawn(rng, of, p):
    """How many of so many, by the binomial distribution."""
    return Share(of, rng.binomialvariate(of, p))


def test_the_interval_holds_the_truth_95_times_in_100():
    rng = random.Random(20_260_601)
    runs = 2_000
    held = 0
    for _ in range(runs):
        found = difference(drawn(rng, 20_000, 0.76), drawn(rng, 20_000, 0.70))
        held += found.low <= 0.06 <= found.high
    assert 0.94 <= held / runs <= 0.96


def test_six_points_are_found_and_none_are_not_invented():
    rng = random.Random(20_260_602)
    found = [compared(drawn(rng, 20_000, 0.76), drawn(rng, 20_000, 0.70)).found for _ in range(200)]
    same = [compared(drawn(rng, 20_000, 0.70), drawn(rng, 20_000, 0.70)).found for _ in range(1_000)]
    assert set(found) == {"more"}
    assert set(same) <= {"none", "more", "less"}
    assert same.count("none") >= 930  # 950 of a thousand, within three standard deviations
