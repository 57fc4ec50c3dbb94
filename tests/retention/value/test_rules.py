"""Who is ready, who costs more than they bring: on each boundary and one step before it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.value import monthly, rules
from retention.value.rules import COSTS, GROW, Facts

NOBODY = Facts("customer", 400, Decimal(1000), Decimal(100), 100, 0, 0, None, "", 0, None, None, 0, 0)
ALL = Facts("customer", 400, Decimal(1000), Decimal(100), 100, 120, 100, 150, "reached", 0, 80, 90, 1, 0)


def test_whoever_has_given_notice_is_not_ready_for_more() -> None:
    assert (rules.is_ready(ALL), rules.verdict(ALL)) == (True, GROW)
    gives_notice = replace(ALL, leaving=True)
    assert (rules.is_ready(gives_notice), rules.verdict(gives_notice)) == (False, "")


def test_what_nobody_knows_speaks_for_nothing() -> None:
    assert rules.met(NOBODY) == ["calm"]
    assert rules.met(ALL) == list(rules.FACTORS)


@pytest.mark.parametrize(
    ("code", "there", "short"),
    [
        ("typical", {"uses": 120, "typical": 150}, {"uses": 119, "typical": 150}),
        ("typical", {"uses": 1, "typical": 1}, {"uses": 0, "typical": 0}),
        ("growing", {"uses": 120, "uses_before": 100}, {"uses": 119, "uses_before": 100}),
        ("growing", {"uses": 6, "uses_before": 5}, {"uses": 6, "uses_before": 0}),
        ("goal", {"goal_state": "reached"}, {"goal_state": "partly"}),
        ("calm", {"complaints": 0}, {"complaints": 1}),
        ("content", {"csat": 80}, {"csat": 79}),
        ("renewal", {"days_to_renewal": 90}, {"days_to_renewal": 91}),
        ("renewal", {"days_to_renewal": 0}, {"days_to_renewal": -1}),
        ("paid", {"payments": 1, "late": 0}, {"payments": 9, "late": 1}),
        ("paid", {"payments": 1, "late": 0}, {"payments": 0, "late": 0}),
    ],
)
def test_a_sign_holds_on_its_boundary_and_not_before(code: str, there: dict[str, int], short: dict[str, int]) -> None:
    assert code in rules.met(replace(NOBODY, **there))
    assert code not in rules.met(replace(ALL, **short))


def test_five_signs_make_ready_and_a_complaint_never_does() -> None:
    five = replace(ALL, goal_state="", csat=None)
    assert (len(rules.met(five)), rules.is_ready(five), rules.verdict(five)) == (5, True, GROW)
    assert not rules.is_ready(replace(five, days_to_renewal=None))
    assert not rules.is_ready(replace(ALL, complaints=1))  # though six hold
    assert not rules.is_ready(replace(ALL, lifecycle="trial"))


def test_who_costs_more_is_judged_from_the_ninetieth_day_on() -> None:
    dear = replace(NOBODY, cost=Decimal("1000.01"))
    assert rules.verdict(dear) == COSTS
    assert rules.verdict(replace(dear, cost=Decimal(1000))) == ""
    assert rules.verdict(replace(dear, customer_days=90)) == COSTS
    assert rules.verdict(replace(dear, customer_days=89)) == ""
    assert rules.verdict(replace(dear, customer_days=None, lifecycle="lead")) == ""
    assert rules.verdict(replace(dear, lifecycle="churned")) == ""
    assert rules.verdict(replace(ALL, cost=Decimal(2000))) == COSTS  # before it is worth growing


def test_reasons_say_their_figures() -> None:
    dear = replace(NOBODY, cost=Decimal(1240), spend=Decimal(980), minutes=1240, complaints=1)
    said = rules.reasons(dear, COSTS, "EUR")
    assert "1,240" in said[0]
    assert "980" in said[0]
    assert said[1:] == ["20 h 40 min of replies, calls and meetings", "1 open complaint"]
    assert rules.reasons(replace(dear, lifecycle="churned"), COSTS, "EUR") == said  # until night
    assert "Reached their goal" in rules.reasons(ALL, GROW, "EUR")
    assert [rules.hours(minutes) for minutes in (0, 59, 60, 61)] == ["0 min", "59 min", "1 h", "1 h 1 min"]


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 400), st.integers(0, 3))
def test_more_use_and_fewer_complaints_never_make_less_ready(uses: int, more: int, days: int, complaints: int) -> None:
    before = replace(ALL, uses=uses, days_to_renewal=days, complaints=complaints)
    after = replace(before, uses=uses + more, complaints=0)
    assert set(rules.met(before)) <= set(rules.met(after))


def test_how_quickly_is_never_said_better_than_it_was() -> None:
    said = {0.5: "half an hour", 0.51: "an hour", 1.0: "an hour", 1.01: "2 hours", 48.0: "48 hours", 48.5: "3 days"}
    assert {hours: monthly.within(hours) for hours in said} == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("report_exported", "Report exported"), ("reports.csvExport", "Reports csv export"), ("/api/keys", "Api keys"),
        ("API_call", "API call"), ("Board of Sales", "Board of Sales"), ("home", "Home"), ("__", "__"),
        ("bericht_öffnen", "Bericht öffnen"),
    ],
)  # fmt: skip
def test_a_feature_is_said_as_people_say_it(name: str, said: str) -> None:
    assert rules.feature_said(name) == said
