"""Who enters because they came into a segment, or went out of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from crm.accounts.models import Account
from crm.history.actions import act, undo
from crm.segments import counting, members
from crm.segments.models import Segment, SegmentMoves
from crm.segments.uses import uses_of
from retention.workflows import actions, definition, wording
from retention.workflows.definition import DefinitionError
from retention.workflows.models import Enrollment
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, TASK

TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
LARGE = {"field": "mrr", "op": ">=", "value": 500}


def static(owner, subject="account", **more) -> Segment:
    return Segment.objects.create(name="Chosen", subject=subject, kind="static", owner=owner, shared=True, **more)


def dynamic(owner) -> Segment:
    return Segment.objects.create(name="Large", subject="account", tree=LARGE, owner=owner, shared=True)


def waits_for(segment: Segment, moves: str = "in", **more):
    return {"trigger": {"when": "segment", "segment": segment.pk, "moves": moves, **more}, "steps": [TASK]}


def put(segment: Segment, by, now, *accounts: Account) -> None:
    members.add(segment, [account.pk for account in accounts], by, now)


def take(segment: Segment, by, now, *accounts: Account) -> None:
    members.remove(segment, [account.pk for account in accounts], by, now)


def count(now) -> None:
    while counting.run(now):
        pass


def entered() -> list[tuple[str, object]]:
    return list(Enrollment.objects.order_by("due_at", "id").values_list("account__name", "due_at"))


def test_who_is_put_in_enters_at_once_and_again_when_put_in_again(publish, run_at, mira):
    chosen, (alder, birch) = static(mira), (factories.account("Alder"), factories.account("Birch"))
    publish(waits_for(chosen, where=LARGE | {"op": "<"}))
    put(chosen, mira, NOON, alder, birch)
    Account.objects.filter(pk=birch.pk).update(mrr=500)  # whom the filter does not let through
    for moment in (NOON + MINUTE, NOON + 2 * MINUTE, NOON + 2 * DAY):  # the look each hour, and those between
        run_at(moment)
    assert entered() == [("Alder", NOON)]
    take(chosen, mira, NOON + 2 * DAY, alder)
    run_at(NOON + 2 * DAY + MINUTE)
    again = NOON + 2 * DAY + 2 * MINUTE
    put(chosen, mira, again, alder, alder)
    run_at(again + MINUTE)
    assert entered() == [("Alder", NOON), ("Alder", again)]
    facts = Enrollment.objects.latest("id").facts
    assert wording.cause(facts, NOON.date()) == "Came into the segment “Chosen” on 3 June"


@pytest.mark.parametrize(("at", "many"), [(NOON - TICK, 0), (NOON, 1)])
def test_what_was_before_the_workflow_was_on_is_no_move(publish, run_at, mira, at, many):
    chosen, alder = static(mira), factories.account("Alder")
    SegmentMoves.objects.create(segment=chosen, at=at, came=[alder.pk])
    put(chosen, mira, at, alder)
    publish(waits_for(chosen))
    run_at(NOON + MINUTE)
    assert len(entered()) == many


def test_who_goes_out_of_it_enters_unless_they_are_back(publish, run_at, mira):
    chosen, (alder, birch) = static(mira), (factories.account("Alder"), factories.account("Birch"))
    put(chosen, mira, NOON, alder, birch)
    publish(waits_for(chosen, "out"))
    run_at(NOON + MINUTE)
    assert entered() == []
    at = NOON + 2 * MINUTE
    take(chosen, mira, at, alder, birch)
    put(chosen, mira, at + TICK, birch)
    run_at(at + MINUTE)
    assert entered() == [("Alder", at)]
    assert wording.cause(Enrollment.objects.get().facts, date(2027, 1, 1)) == (
        "Went out of the segment “Chosen” on 1 June 2026"
    )


def test_an_undone_act_has_moved_nobody_in_and_those_it_had_brought_out(publish, run_at, mira):
    chosen, (alder, birch) = static(mira), (factories.account("Alder"), factories.account("Birch"))
    publish(waits_for(chosen), "coming")
    publish(waits_for(chosen, "out"), "going")
    with act("bulk.join_segment", "", mira, NOON) as first:
        put(chosen, mira, NOON, alder)
    undo(first, mira, NOON + TICK)
    with act("bulk.join_segment", "", mira, NOON) as second:
        put(chosen, mira, NOON, birch)
    run_at(NOON + MINUTE)
    undo(second, mira, NOON + 2 * MINUTE)
    run_at(NOON + 3 * MINUTE)
    found = Enrollment.objects.order_by("due_at").values_list("workflow__slug", "account__name", "due_at")
    assert list(found) == [
        ("coming", "Birch", NOON), ("going", "Alder", NOON + TICK), ("going", "Birch", NOON + 2 * MINUTE),
    ]  # fmt: skip


def test_a_dynamic_one_is_known_from_night_to_night(publish, run_at, mira):
    large, alder = dynamic(mira), factories.account("Alder", mrr=1)
    factories.account("Birch", mrr=900)
    count(NOON)
    publish(waits_for(large), "coming")
    publish(waits_for(large, "out"), "going")
    Account.objects.filter(pk=alder.pk).update(mrr=500)
    run_at(NOON + 5 * MINUTE)
    assert entered() == []
    night = counting.next_due(NOON)
    run_at(night)  # before the count
    count(night)
    assert actions.next_due(night) == night + MINUTE
    run_at(night + MINUTE)
    assert actions.next_due(night + MINUTE) is None
    assert entered() == [("Alder", night)]
    Account.objects.filter(name="Alder").update(mrr=1)
    count(night + DAY)
    Account.objects.filter(name="Alder").update(mrr=500)
    count(night + 2 * DAY)
    run_at(night + 2 * DAY)
    run_at(night + 2 * DAY + 5 * MINUTE)
    found = Enrollment.objects.order_by("due_at").values_list("workflow__slug", "account__name", "due_at")
    assert list(found) == [
        ("coming", "Alder", night), ("going", "Alder", night + DAY), ("coming", "Alder", night + 2 * DAY),
    ]  # fmt: skip


def test_moves_are_noted_only_while_somebody_watches(publish, mira):
    chosen, large, alder = static(mira), dynamic(mira), factories.account("Alder", mrr=1)
    count(NOON)
    workflow = publish(waits_for(chosen))
    Account.objects.filter(pk=alder.pk).update(mrr=500)
    count(NOON + DAY)
    put(chosen, mira, NOON + DAY, alder)
    workflow.state = "paused"
    workflow.save()
    take(chosen, mira, NOON + DAY, alder)
    workflow.state = "off"
    workflow.save()
    put(chosen, mira, NOON + DAY, alder)
    assert not SegmentMoves.objects.filter(segment=large).exists()
    noted = SegmentMoves.objects.order_by("id").values_list("segment", "came", "went")
    assert list(noted) == [(chosen.pk, [alder.pk], []), (chosen.pk, [], [alder.pk])]


@pytest.mark.parametrize("kind", ["static", "counted", "new"])
def test_those_already_in_it_enter_once_when_asked_for(publish, run_at, mira, kind):
    segment, alder = (static if kind == "static" else dynamic)(mira), factories.account("Alder", mrr=500)
    if kind == "static":
        put(segment, mira, NOON - 3 * DAY, alder)
    elif kind == "counted":
        count(NOON - DAY)
    workflow = publish(waits_for(segment))
    for _ in range(2):
        workflow.swept_until = None
        workflow.save()
        run_at(NOON)
    assert entered() == [("Alder", NOON)]
    count(NOON + DAY)
    run_at(NOON + DAY + MINUTE)
    assert entered() == [("Alder", NOON)]
    said = "In the segment “Chosen” since 29 May" if kind == "static" else "In the segment “Large”"
    assert wording.cause(Enrollment.objects.get().facts, NOON.date()) == said


def test_a_trigger_names_a_segment_of_customers_that_is_there(mira):
    people, old = static(mira, "contact"), dynamic(mira)
    old.archived_at = NOON
    old.save()
    for pk, why in (
        (999_999, "names no segment that is there for you: 999999"),
        (people.pk, "“Chosen” is not about customers"),
        (old.pk, "“Large” is archived; restore it, or take the condition away"),
    ):
        with pytest.raises(DefinitionError) as refused:
            definition.parse({"name": "X", "trigger": {"when": "segment", "segment": pk}, "steps": [TASK]})
        assert str(refused.value).lower() == f"trigger.segment: {why}".lower()


def test_the_page_says_when_and_the_segment_who_uses_it(publish, mira):
    large = dynamic(mira)
    workflow = publish(waits_for(large, "out"))
    plan = definition.parse({"name": "X", **waits_for(large, "out")})
    assert wording.trigger_sentence(plan) == "When a customer goes out of the segment “Large”"
    assert "each night" in wording.noticed(plan)
    assert [use.name for use in uses_of([large.pk])[large.pk]] == [workflow.name]
