"""By lot: always the same way, in the shares that were asked for, until one has won."""

from collections import Counter

import pytest
from django.db import connection

from crm.todos.models import Task
from retention.workflows import definition, wording
from retention.workflows.definition import DefinitionError
from retention.workflows.models import StepRun
from retention.workflows.steps.splitting import SplitStep
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import TASK, silent
from tests.retention.workflows.steps.conftest import again


def arms(*weights):
    return [
        {"name": name, "weight": weight, "steps": [{**TASK, "id": f"task-{name.lower()}", "title": name}]}
        for name, weight in zip("ABCDE", weights, strict=False)
    ]


def split(*weights, **more):
    return {"id": "lot", "do": "split", "arms": arms(*weights), **more}


def test_each_goes_one_way_for_good_and_the_ways_meet_again(walk):
    for number in range(40):
        factories.account(f"No. {number}", last_seen_at=NOON)
    walk(split(1, 1), {**TASK, "id": "both", "title": "Both"})
    first = dict(StepRun.objects.filter(kind="split").values_list("enrollment__account", "detail__arm"))
    titles = Counter(Task.objects.values_list("title", flat=True))
    assert titles["Both"] == 40
    assert titles["A"] + titles["B"] == 40
    assert min(titles["A"], titles["B"]) >= 8
    with connection.cursor() as cursor:
        cursor.execute("SELECT detail->>'arm', count(*) FROM retention_steprun WHERE kind = 'split' GROUP BY 1")
        assert dict(cursor.fetchall()) == {"A": titles["A"], "B": titles["B"]}
    again()
    assert dict(StepRun.objects.filter(kind="split").values_list("enrollment__account", "detail__arm")) == first
    assert Task.objects.count() == 80


@pytest.mark.parametrize("weights", [(1, 1), (1, 1, 1), (9, 1), (50, 30, 20)])
def test_shares_are_as_asked(db, weights):
    step = SplitStep.model_validate(split(*weights))
    drawn = Counter(step.arm_of(account).name for account in range(20_000))
    for arm in step.arms:
        assert abs(drawn[arm.name] / 20_000 - arm.weight / sum(weights)) < 0.015


def test_other_weights_move_no_more_than_need_be_and_another_step_draws_afresh(db):
    even, more = (SplitStep.model_validate(split(*weights)) for weights in ((50, 50), (60, 40)))
    moved = [(even.arm_of(pk).name, more.arm_of(pk).name) for pk in range(10_000)]
    assert ("A", "B") not in moved
    assert 800 < moved.count(("B", "A")) < 1200
    other = SplitStep.model_validate(split(50, 50, id="other"))
    same = sum(even.arm_of(pk).name == other.arm_of(pk).name for pk in range(10_000))
    assert 4700 < same < 5300


def test_a_way_without_weight_gets_nobody_and_the_winner_all(walk, db):
    step = SplitStep.model_validate(split(0, 1))
    assert {step.arm_of(pk).name for pk in range(1000)} == {"B"}
    for number in range(6):
        factories.account(f"No. {number}", last_seen_at=NOON)
    assert set(walk(split(1, 1, winner="B"))) >= {"Took the way “B”, which has won"}
    assert set(Task.objects.values_list("title", flat=True)) == {"B"}
    assert StepRun.objects.filter(kind="split").first().detail == {"arm": "B", "fixed": True}


def test_it_is_said_in_words(db):
    step = SplitStep.model_validate(split(3, 1))
    assert wording.line(step).title == "Try A and B"
    assert [word for word, _ in wording.ways(step)] == ["A: 75 %", "B: 25 %"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"arms": arms(1)}, "steps[0].arms: List should have at least 2 items"),
        ({"arms": arms(0, 0)}, "give at least one way a weight above 0"),
        ({"arms": [*arms(1), *arms(1)]}, "two ways have the same name"),
        ({"winner": "C"}, "the winner 'C' is none of its ways: A, B"),
        ({"arms": [*arms(1), {"name": "B", "steps": [{"id": "x", "do": "dance"}]}]}, ".arms[1].steps[0]: there is no"),
        ({"arms": [*arms(1), {"name": "B", "steps": [{**TASK, "title": "{{ x }}"}]}]}, ".steps[0].title, line 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(db, change, says):
    with pytest.raises(DefinitionError) as refused:
        definition.parse({"name": "Test", **silent(), "steps": [{**split(1, 1), **change}]})
    assert says in str(refused.value)
