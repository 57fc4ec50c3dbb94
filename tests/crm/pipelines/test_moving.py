"""Moving deals: places, gates, history, and taking it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm.history.actions import undo
from crm.history.models import Act
from crm.pipelines.actions.editing import tick
from crm.pipelines.actions.moving import Filled, move
from crm.pipelines.actions.refusals import DealError, GateError, MovedError
from crm.pipelines.models import Deal, DealSpell, Stage
from crm.pipelines.rules import ranks
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON
from tests.crm.pipelines.whole import assert_whole, board

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def test_a_new_card_stands_on_top_and_says_so(deal, sales, mira):
    deal("first")
    row = deal("second", by=mira)
    assert board(sales.talk) == ["second", "first"]
    assert_whole()
    entry = TimelineEntry.objects.get(payload__deal=row.pk)
    assert (entry.kind, entry.actor, entry.payload["stage"]) == ("deal.opened", mira, "Talk")


def test_it_goes_under_another_card_and_the_stage_it_left_keeps_its_order(deal, sales, mira):
    _, there, above = deal("c"), deal("b"), deal("a")
    row = deal("x", stage=sales.demo)
    moved = move(row.pk, sales.talk.pk, above.pk, mira, NOON + HOUR)
    assert board(sales.talk) == ["a", "x", "b", "c"]
    assert (moved.deal.stage, moved.deal.entered_at) == (sales.talk, NOON + HOUR)
    move(there.pk, sales.talk.pk, None, mira, NOON)  # up in its own stage
    move(above.pk, sales.talk.pk, row.pk, mira, NOON)  # and down
    assert board(sales.talk) == ["b", "x", "a", "c"]
    assert DealSpell.objects.filter(deal=there).count() == 1  # a place is no stage
    assert_whole()
    move(row.pk, sales.demo.pk, above.pk, mira, NOON + 2 * HOUR)  # `a` is not there: on top
    assert board(sales.demo) == ["x"]


def test_the_timeline_tells_where_from_and_after_how_long(deal, sales, mira):
    row = deal("Kelp")
    move(row.pk, sales.demo.pk, None, mira, NOON + timedelta(days=3, hours=23))
    entry = TimelineEntry.objects.get(kind="deal.stage")
    said = {name: entry.payload[name] for name in ("deal", "pipeline", "stage", "from", "value", "days")}
    assert said == {
        "deal": row.pk, "pipeline": "Sales", "stage": "Demo", "from": "Talk", "value": "1200.00", "days": 3
    }  # fmt: skip
    assert entry.text == "Deal moved to Demo: Kelp"


def test_where_no_room_is_left_the_stage_is_numbered_anew(deal, sales, mira, monkeypatch):
    monkeypatch.setattr(ranks, "GAP", 2)
    rows = [deal(f"{n}") for n in range(4)]
    top, moving = rows[3], rows[0]
    for card in (rows[0], rows[1], rows[2], rows[0]):
        move(card.pk, sales.talk.pk, top.pk, mira, NOON)
        assert_whole()
    assert board(sales.talk) == ["3", "0", "2", "1"]
    assert Deal.objects.get(pk=moving.pk).updated_at == NOON


def test_who_is_late_is_told_who_moved_it(deal, sales, mira, sam):
    row = deal("Kelp")
    move(row.pk, sales.offer.pk, None, sam, NOON)
    with pytest.raises(MovedError, match="Sam has moved “Kelp” to Offer meanwhile") as raised:
        move(row.pk, sales.demo.pk, None, mira, NOON, seen_stage=sales.talk.pk)
    assert raised.value.deal.stage == sales.offer
    assert board(sales.offer) == ["Kelp"]
    # Both wanted the same: nobody need know.
    assert move(row.pk, sales.offer.pk, None, mira, NOON, seen_stage=sales.talk.pk).act is None


def test_a_stage_that_is_not_in_use_takes_nothing(deal, sales, welcome, mira):
    row = deal("Kelp")
    Stage.objects.filter(pk=sales.demo.pk).update(archived_at=NOON)
    welcome.pipeline.archived_at = NOON
    welcome.pipeline.save()
    for stage in (sales.demo, welcome.begin):
        with pytest.raises(DealError, match="no longer in use"):
            move(row.pk, stage.pk, None, mira, NOON)
    with pytest.raises(DealError, match="no such stage"):
        move(row.pk, 10**9, None, mira, NOON)
    with pytest.raises(DealError, match="not there any more"):
        move(10**9, sales.offer.pk, None, mira, NOON)
    assert (board(sales.talk), Act.objects.filter(kind="deal.moved").count()) == (["Kelp"], 0)


def test_a_gate_asks_and_what_is_filled_in_goes_with_the_move(deal, sales, mira):
    Stage.objects.filter(pk=sales.talk.pk).update(
        checklist=[{"id": "a", "label": "Budget"}, {"id": "b", "label": "Who"}]
    )
    Stage.objects.filter(pk=sales.demo.pk).update(required=["next_step", "contacts"])
    account = factories.account("Kelp")
    person = factories.contact(account)
    row = deal("Kelp", account=account)
    tick(row.pk, "a", True, mira, NOON)
    with pytest.raises(GateError) as raised:
        move(row.pk, sales.demo.pk, None, mira, NOON)
    assert [check.label for check in raised.value.missing.checks] == ["Who"]
    assert raised.value.missing.fields == ("next_step", "contacts")
    half = Filled(("b",), {"next_step": "Call"})
    with pytest.raises(GateError):
        move(row.pk, sales.demo.pk, None, mira, NOON, filled=half)
    row.refresh_from_db()
    assert (row.stage, row.checked, row.next_step) == (sales.talk, ["a"], "")
    moved = move(
        row.pk, sales.demo.pk, None, mira, NOON, filled=Filled(("b",), half.values | {"contacts": [person.pk]})
    )
    row.refresh_from_db()
    assert (row.stage, row.checked, row.next_step) == (sales.demo, ["a", "b"], "Call")
    assert row.people.get().contact == person
    move(row.pk, sales.talk.pk, None, mira, NOON + HOUR)  # backwards nothing is asked
    undo(Act.objects.latest("pk"), mira, NOON + HOUR)
    undo(moved.act, mira, NOON + HOUR)
    row.refresh_from_db()
    assert (row.stage, row.checked, row.next_step) == (sales.talk, ["a"], "")


def test_undone_it_is_as_if_it_had_not_been(deal, sales, mira):
    deal("below")
    row = deal("Kelp")
    deal("above")
    before = Deal.objects.values().get(pk=row.pk)
    moved = move(row.pk, sales.demo.pk, None, mira, NOON + HOUR)
    undone = undo(moved.act, mira, NOON + 2 * HOUR)
    assert (undone.reverted, undone.kept) == (1, [])
    after = Deal.objects.values().get(pk=row.pk)
    assert after.pop("updated_at") == NOON + 2 * HOUR
    before.pop("updated_at")
    assert after == before
    assert board(sales.talk) == ["above", "Kelp", "below"]
    assert DealSpell.objects.filter(deal=row).count() == 1
    assert_whole()


def test_what_has_moved_since_stays(deal, sales, mira, sam):
    row = deal("Kelp")
    moved = move(row.pk, sales.demo.pk, None, mira, NOON)
    move(row.pk, sales.offer.pk, None, sam, NOON + HOUR)
    (kept,) = undo(moved.act, mira, NOON + 2 * HOUR).kept
    assert (kept.record, kept.value, kept.by, kept.because) == ("Kelp", "Offer", "Sam", "it has moved since")
    assert board(sales.offer) == ["Kelp"]
    assert_whole()


def test_a_clock_that_is_behind_makes_no_stay_of_less_than_nothing(deal, sales, mira):
    row = deal("Kelp", now=NOON)
    moved = move(row.pk, sales.demo.pk, None, mira, NOON - HOUR)
    assert moved.deal.entered_at == NOON
    assert_whole()


def test_opening_is_undone_until_somebody_has_worked_with_it(deal, sales, mira):
    deal("Kelp", by=mira)
    undo(Act.objects.get(kind="deal.opened"), mira, NOON)
    assert not Deal.objects.exists()
    row = deal("Tang", by=mira)
    move(row.pk, sales.demo.pk, None, mira, NOON)
    (kept,) = undo(Act.objects.filter(kind="deal.opened").latest("pk"), mira, NOON).kept
    assert kept.because == "somebody has worked with it since"
    assert board(sales.demo) == ["Tang"]
