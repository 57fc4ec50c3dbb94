"""The demo's pipelines: whether what it tells of deals can have happened, and has something for every column."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db.models import Count, F

from crm.pipelines.insight import asking, figures, reading
from crm.pipelines.insight.period import last_days
from crm.pipelines.models import Deal, DealSpell, Outcome, Pipeline
from crm.pipelines.rules.insight import FEW
from crm.timeline.models import TimelineEntry
from tests.conftest import NOON
from tests.crm.pipelines.whole import assert_whole

pytestmark = pytest.mark.xdist_group("told")  # one process tells for all who look


def test_deals_stand_where_their_spells_say(told: Path) -> None:
    assert_whole()
    assert not Deal.objects.filter(updated_at__gt=NOON).exists()
    assert not DealSpell.objects.filter(began_at__gt=NOON).exists()
    first = DealSpell.objects.filter(began_at=F("deal__created_at")).values("deal").distinct().count()
    assert first == Deal.objects.count()


def test_every_board_has_something_to_show(told: Path) -> None:
    assert set(Pipeline.objects.values_list("purpose", flat=True)) == {"sales", "upsell", "win_back"}
    for pipeline in Pipeline.objects.all():
        there = dict(pipeline.deals.values_list("outcome").annotate(many=Count("pk")))
        assert set(there) == set(Outcome.values), pipeline
        assert there["open"] >= 8, pipeline
    assert Deal.objects.filter(outcome="open", stuck_at__lte=NOON).count() >= 5
    assert not Deal.objects.filter(outcome="lost", lost_because=None).exists()
    assert not Deal.objects.filter(outcome="open", stuck_at__lte=NOON, told_stuck=False).exists()


def test_the_timeline_tells_each_turn_once(told: Path) -> None:
    turns = TimelineEntry.objects.filter(kind__in=("deal.opened", "deal.stage", "deal.won", "deal.lost"))
    assert turns.count() == DealSpell.objects.count()
    stuck = list(Deal.objects.filter(told_stuck=True).values_list("pk", flat=True))
    told_of = TimelineEntry.objects.filter(kind="deal.stuck", payload__deal__in=stuck)
    assert told_of.count() == len(stuck) > 0


def test_insight_finds_a_weak_stage_and_sellers_who_differ(told: Path) -> None:
    sales = Pipeline.objects.get(purpose="sales")
    scope, year, lately = asking.scope(sales.pk, None), last_days(365, NOON), last_days(90, NOON)
    lines = reading.stage_lines(scope, figures.stages(scope, lately), lambda what, **where: "")
    assert [line.stage.name for line in lines if line.weak] == ["Qualify"]
    owners = figures.outcomes(scope, year).by["owner"].values()
    rates = sorted(one.rate or 0 for one in owners if one.all >= FEW)
    assert rates[-1] - rates[0] > 0.15
