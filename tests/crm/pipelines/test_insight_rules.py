"""Formulas of insight into pipelines, and when a stage is called weak."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from crm.pipelines.models import Deal, DealSpell, Stage
from crm.pipelines.rules import insight as rules
from crm.team.models import User
from tests import factories
from tests.conftest import NOON

DAY = timedelta(days=1)


FULL = rules.Passage(on=75, lost=25)


@pytest.mark.parametrize(
    ("stage", "before", "promised", "said"),
    [
        ((3, 6), FULL, 0.9, ""),  # few
        ((4, 6), FULL, None, "40 % of 10 went on from here, 75 % of 100 in the days before"),
        ((5, 5), FULL, None, ""),  # by chance
        ((40, 60), rules.Passage(on=9, lost=0), None, ""),  # before, there were few
        ((710, 290), rules.Passage(on=7500, lost=2500), None, ""),  # for certain, and not worth a word
        (
            (700, 300),
            rules.Passage(on=7500, lost=2500),
            None,
            "70 % of 1,000 went on from here, 75 % of 10,000 in the days before",
        ),
        ((90, 10), FULL, 0.8, ""),
        (
            (40, 60),
            rules.Passage(on=40, lost=60),
            0.55,
            "40 % of 100 went on from here, 55 % should by the probabilities of its stages",
        ),
        ((46, 54), rules.Passage(on=46, lost=54), 0.55, ""),  # 56 % at most
        ((0, 50), rules.Passage(), None, ""),  # nothing to measure it by
    ],
)
def test_a_stage_is_weak_beside_its_own_past_and_what_is_promised(
    stage: tuple[int, int], before: rules.Passage, promised: float | None, said: str
) -> None:
    passage = rules.Passage(on=stage[0], lost=stage[1])
    assert rules.weaknesses(passage, before, promised) == ([said] if said else [])


@pytest.mark.parametrize(
    ("left", "late", "median", "said"),
    [
        (10, 9, 17.5, "9 of 10 took longer than the 14 days expected, half took 18 days or more"),
        (9, 9, 20, ""),  # few
        (10, 8, 20, ""),  # by chance
        (10, 9, 17.4, ""),  # not worth a word
        (100, 60, 20, "60 of 100 took longer than the 14 days expected, half took 20 days or more"),
        (100, 59, 20, ""),
        (10, 0, None, ""),
    ],
)
def test_a_stage_is_slow_for_certain(left: int, late: int, median: float | None, said: str) -> None:
    passage = rules.Passage(left=left, late=late, median=median, expected=14)
    assert rules.weaknesses(passage, rules.Passage(), None) == ([said] if said else [])
    assert rules.weaknesses(replace(passage, expected=None), rules.Passage(), None) == []


def test_probabilities_promise_how_many_go_on() -> None:
    assert rules.promises([30, 60, 75]) == [pytest.approx(0.5), pytest.approx(0.8), pytest.approx(0.75)]
    assert rules.promises([50, 50, 40]) == [None, None, pytest.approx(0.4)]
    assert rules.promises([0, 100]) == [0, None]
    assert rules.promises([]) == []


@given(part=st.integers(0, 60), whole=st.integers(1, 60), other=st.integers(0, 60))
def test_what_fell_was_higher(part: int, whole: int, other: int) -> None:
    was, now = (min(part, whole), whole), (min(other, whole), whole)
    assert not (rules.fell(was, now) and rules.fell(now, was))
    if rules.fell(was, now):
        assert was[0] > now[0]
        assert rules.fell((10 * was[0], 10 * whole), (10 * now[0], 10 * whole))  # of more, more certain
    assert not rules.fell(was, was)


@pytest.mark.django_db
def test_a_pipeline_of_which_early_stages_lose_more_has_no_weak_one(sales: Any, mira: User, client: Client) -> None:
    """Steady, as promised, however little the first stage has beside the last."""
    Stage.objects.filter(pk=sales.talk.pk).update(probability=20)
    Stage.objects.filter(pk=sales.demo.pk).update(probability=50, expected_days=14)
    Stage.objects.filter(pk=sales.offer.pk).update(probability=80)
    for number in range(80):
        ways = (["lost"], ["lost"], ["demo", "won"], ["demo", "lost"])
        _went(sales, number, ways[number % 4], NOON - (number + 2) * DAY)
    client.force_login(mira)
    where = f"/pipelines/{sales.pipeline.pk}/insight/?from=2026-04-23&to=2026-06-01"
    page = client.get(where)
    assert [line.passage.decided for line in page.context["lines"]] == [37, 18, 0]
    assert page.context["weak"] == []
    for number in range(80, 110):  # now many more are lost after the demo
        _went(sales, number, ["demo", "lost"], NOON - DAY)
    weak = client.get(where).context["weak"]
    assert [line.stage.name for line in weak] == ["Demo"]
    assert "in the days before" in weak[0].weak[0]


def _went(sales: Any, number: int, way: list[str], ended: datetime) -> None:
    """From the first stage on, a day in each."""
    stages = [sales.talk, *(getattr(sales, name) for name in way)]
    began = [ended - (len(way) - place) * DAY for place in range(len(stages))]
    last, closed = stages[-1], None if stages[-1].outcome == "open" else ended
    made = Deal.objects.create(
        pipeline=sales.pipeline, stage=last, outcome=last.outcome, rank=number, account=factories.account(f"C{number}"),
        title="Deal", currency="EUR", created_at=began[0], entered_at=ended, closed_at=closed,
    )  # fmt: skip
    DealSpell.objects.bulk_create(
        DealSpell(deal=made, stage=stage, began_at=at, ended_at=end)
        for stage, at, end in zip(stages, began, [*began[1:], None], strict=True)
    )


def test_wilson_is_as_in_the_books() -> None:
    assert rules.at_most(0, 10) == pytest.approx(0.2775, abs=1e-3)
    assert rules.at_most(10, 10) == pytest.approx(1)
    assert (rules.at_least(81, 263), rules.at_most(81, 263)) == (
        pytest.approx(0.2553, abs=1e-4),
        pytest.approx(0.3662, abs=1e-4),
    )
    assert rules.share(0, 0) is None


@pytest.mark.parametrize(
    ("days", "words"),
    [(None, "n/a"), (0.9, "less than 1 day"), (1, "1 day"), (9.94, "9.9 days"), (13.6, "14 days")],
)
def test_days_in_words(days: float | None, words: str) -> None:
    assert rules.days_words(days) == words


def test_six_months_end_on_their_last_day() -> None:
    assert rules.last_of_stay(date(2026, 1, 1)) == date(2026, 6, 30)
    assert rules.last_of_stay(date(2025, 8, 31)) == date(2026, 2, 27)
