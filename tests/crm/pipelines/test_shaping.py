"""Admins shape pipelines: templates, stages, order, what becomes of deals, and all of it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm.history.actions import undo
from crm.pipelines import effects, values
from crm.pipelines.actions import archiving, reasons, shaping
from crm.pipelines.actions.moving import move
from crm.pipelines.actions.refusals import DealError, GateError
from crm.pipelines.actions.winning import win
from crm.pipelines.models import Deal, LossReason, Pipeline, Stage
from crm.pipelines.templates import TEMPLATES
from crm.timeline.models import Pending, TimelineEntry
from tests.conftest import NOON
from tests.crm.pipelines.whole import assert_whole, board

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def names(pipeline: Pipeline) -> list[str]:
    return [stage.name for stage in pipeline.stages.in_use()]


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_template_is_a_pipeline_that_works(name, ada):
    made, deed = shaping.add_pipeline({}, ada, NOON, name)
    stages = list(made.stages.in_use())
    assert [stage.outcome for stage in stages][-2:] == ["won", "lost"]
    assert {stage.outcome for stage in stages[:-2]} == {"open"}
    chances = [stage.probability for stage in stages[:-1]]
    assert chances == sorted(chances)
    assert all(stage.expected_days and stage.checklist for stage in stages[:-2])
    known = {field for field, _ in values.requirable()}
    assert known.issuperset(field for stage in stages for field in stage.required)
    assert LossReason.objects.count() > 3
    undo(deed, ada, NOON)
    assert not Pipeline.objects.exists()


def test_one_that_has_had_deals_is_not_unmade(ada, deal, sales):
    made, deed = shaping.add_pipeline({"name": "Second"}, ada, NOON)
    with pytest.raises(DealError, match="There is a pipeline “second” already"):
        shaping.add_pipeline({"name": " second "}, ada, NOON)
    move(deal().pk, made.stages.first().pk, None, ada, NOON)
    (kept,) = undo(deed, ada, NOON).kept
    assert kept.because == "deals have been in it; archive it instead"
    assert Pipeline.objects.filter(name="Second").exists()


def test_stages_come_behind_the_open_ones_and_stand_in_any_order(ada, sales):
    pipeline = sales.pipeline
    made, deed = shaping.add_stage(pipeline.pk, {"name": "Trial", "colour": "teal"}, ada, NOON)
    assert names(pipeline) == ["Talk", "Demo", "Offer", "Trial", "Won", "Lost"]
    ids = [made.pk, *pipeline.stages.exclude(pk=made.pk).order_by("order").values_list("pk", flat=True)]
    done = shaping.reorder_stages(pipeline.pk, ids, ada, NOON)
    assert names(pipeline)[0] == "Trial"
    undo(done, ada, NOON)
    undo(deed, ada, NOON)
    assert names(pipeline) == ["Talk", "Demo", "Offer", "Won", "Lost"]
    with pytest.raises(DealError, match="Reload the page"):
        shaping.reorder_stages(pipeline.pk, ids, ada, NOON)
    twice = {"name": "Won again", "outcome": "won"}
    for taken, why in (({"name": "demo"}, "There is a stage"), (twice, "one stage that wins")):
        with pytest.raises(DealError, match=why):
            shaping.add_stage(pipeline.pk, taken, ada, NOON)
    assert pipeline.stages.count() == 5


def test_how_long_a_stage_should_take_holds_for_the_deals_in_it_at_once(ada, deal, sales):
    row = deal()
    done = shaping.change_stage(sales.talk.pk, {"expected_days": 7}, ada, NOON)
    assert Deal.objects.get(pk=row.pk).stuck_at == NOON + 7 * DAY
    undoing = undo(done, ada, NOON)
    assert undoing.reverted == 1
    assert Deal.objects.get(pk=row.pk).stuck_at is None
    assert shaping.change_stage(sales.talk.pk, {"expected_days": None}, ada, NOON) is None
    with pytest.raises(DealError, match="Deals are in"):
        shaping.change_stage(sales.talk.pk, {"outcome": "won"}, ada, NOON)


def test_a_checklist_keeps_the_ids_of_its_lines(ada, deal, sales):
    shaping.change_stage(sales.talk.pk, {"checklist": [{"label": " Budget  known "}, {"label": ""}]}, ada, NOON)
    sales.talk.refresh_from_db()
    (line,) = sales.talk.checklist
    assert line["label"] == "Budget known"
    shaping.change_stage(sales.talk.pk, {"checklist": [{"label": "Who"}, line], "required": ["plan"]}, ada, NOON)
    sales.talk.refresh_from_db()
    assert sales.talk.checklist[1] == line
    with pytest.raises(DealError, match="no field custom"):
        shaping.change_stage(sales.talk.pk, {"required": ["custom.nothing"]}, ada, NOON)
    with pytest.raises(GateError):
        deal()


def test_archiving_a_stage_moves_its_deals_on_top_in_their_order_and_back(ada, mira, deal, sales):
    deal("there", stage=sales.offer)
    for title in ("b", "a"):
        deal(title, stage=sales.demo)
    Pending.objects.all().delete()
    effect = effects.of_stage(sales.demo.pk)
    assert (effect.moves, effect.value, effect.stays) == (2, 2400, 0)
    for to, why in ((None, "2 open deals need another stage"), (sales.won.pk, "choose an open stage"),
                    (sales.demo.pk, "choose an open stage")):  # fmt: skip
        with pytest.raises(DealError, match=why):
            archiving.archive_stage(sales.demo.pk, to, ada, NOON)
    done = archiving.archive_stage(sales.demo.pk, sales.offer.pk, ada, NOON + DAY)
    assert board(sales.offer) == ["a", "b", "there"]
    assert TimelineEntry.objects.filter(kind="deal.stage").count() == 2
    assert not Pending.objects.exists()  # no workflow reacts to a change of shape
    assert_whole()
    moved = Deal.objects.get(title="a")
    move(moved.pk, sales.talk.pk, None, mira, NOON + 2 * DAY)
    (kept,) = undo(done, ada, NOON + 3 * DAY).kept
    assert (kept.record, kept.because) == ("a", "it has moved since")
    assert (board(sales.demo), board(sales.talk), board(sales.offer)) == (["b"], ["a"], ["there"])
    assert "Demo" in names(sales.pipeline)
    assert_whole()


def test_what_a_pipeline_needs_stays(ada, sales):
    with pytest.raises(DealError, match="needs a stage that wins"):
        archiving.archive_stage(sales.won.pk, None, ada, NOON)
    archiving.archive_stage(sales.talk.pk, None, ada, NOON)
    archiving.archive_stage(sales.demo.pk, None, ada, NOON)
    with pytest.raises(DealError, match="last open stage"):
        archiving.archive_stage(sales.offer.pk, None, ada, NOON)
    archiving.bring_stage_back(sales.demo.pk, ada, NOON)
    assert names(sales.pipeline) == ["Demo", "Offer", "Won", "Lost"]


def test_archiving_a_pipeline_takes_open_deals_elsewhere_and_back(ada, deal, sales, welcome):
    deal("open")
    closed = deal("closed", stage=welcome.begin)
    move(closed.pk, welcome.won.pk, None, ada, NOON)
    with pytest.raises(DealError, match="choose an open stage"):
        archiving.archive_pipeline(sales.pipeline.pk, sales.demo.pk, ada, NOON)
    done = archiving.archive_pipeline(sales.pipeline.pk, welcome.learn.pk, ada, NOON)
    assert board(welcome.learn) == ["open"]
    assert Deal.objects.get(title="open").pipeline == welcome.pipeline
    undo(done, ada, NOON)
    assert board(sales.talk) == ["open"]
    assert Pipeline.objects.in_use().count() == 2
    assert_whole()


def test_reasons_are_renamed_and_archived_never_lost(ada, deal, sales):
    row, _ = reasons.add_reason("Price", ada, NOON)
    with pytest.raises(DealError, match="already"):
        reasons.add_reason("price ", ada, NOON)
    with pytest.raises(DealError, match="the last one"):
        reasons.archive_reason(row.pk, ada, NOON)
    other, _ = reasons.add_reason("Timing", ada, NOON)
    done = reasons.archive_reason(row.pk, ada, NOON)
    with pytest.raises(DealError, match="perhaps in the archive"):
        reasons.rename_reason(other.pk, "Price", ada, NOON)
    undo(done, ada, NOON)
    reasons.rename_reason(row.pk, "Too dear", ada, NOON)
    reasons.reorder_reasons([other.pk, row.pk], ada, NOON)
    assert list(LossReason.objects.values_list("name", flat=True)) == ["Timing", "Too dear"]


def test_a_pipeline_without_an_end_says_so(ada, deal, sales):
    row = deal()
    Stage.objects.filter(pk=sales.won.pk).update(archived_at=NOON)
    with pytest.raises(DealError, match="no stage that wins"):
        win(row.pk, None, ada, NOON)
