"""Rooms bring steps of their own: they are checked, nested, kept and run as ours are."""

from typing import Literal

import pytest
from pydantic import Field

from retention.workflows import definition, wording
from retention.workflows.definition import DefinitionError, Step
from retention.workflows.kinds import StepKind, step_kinds
from retention.workflows.models import StepRun
from retention.workflows.steps.going import go_on
from retention.workflows.wording import Line
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, TASK, silent

WAVE = {"id": "wave", "do": "wave", "times": 2}
BIG = {"id": "big", "do": "branch", "if": {"field": "mrr", "op": ">", "value": 500}, "then": [WAVE], "else": [TASK]}


class WaveStep(Step):
    """Wave to the customer."""

    do: Literal["wave"]
    times: int = Field(1, title="How often", ge=1, le=3)


def wave(step, enrollments, batch):
    for enrollment in enrollments:
        batch.ran(enrollment, step, f"Waved {step.times} times")
        go_on(step, enrollment, batch)


@pytest.fixture(autouse=True)
def room():
    kind = StepKind(WaveStep, wave, lambda step: Line("hand", f"Wave {step.times} times"), "Wave", "", "hand", "Do")
    with step_kinds.temporarily("wave", kind):
        yield


def test_a_step_of_another_room_runs_inside_a_branch_too(publish, run_at):
    publish(silent() | {"steps": [BIG, {**WAVE, "id": "again", "times": 3}]})
    factories.account(last_seen_at=NOON, mrr=501)
    run_at(NOON + 14 * DAY)
    outcomes = list(StepRun.objects.order_by("id").values_list("kind", "outcome"))
    assert outcomes == [("branch", "Took the way “yes”"), ("wave", "Waved 2 times"), ("wave", "Waved 3 times")]


def test_it_is_kept_and_read_again_exactly(db):
    data = {"name": "Test", **silent(), "steps": [BIG]}
    plan = definition.parse(data)
    dumped = plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert dumped["steps"][0]["then"] == [WAVE]
    assert definition.parse(dumped) == plan
    assert wording.line(plan.by_id["wave"]).title == "Wave 2 times"


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({**WAVE, "times": 4}, "steps[0].then[0].times: Input should be less than or equal to 3"),
        ({**WAVE, "tiems": 1}, "steps[0].then[0].tiems: Extra inputs are not permitted"),
        ({**WAVE, "do": "weave"}, "steps[0].then[0]: there is no step “weave”; there are "),
        ({"id": "wave"}, "steps[0].then[0]: there is no step None; there are "),
        ("wave", "steps[0].then[0]: a step is a mapping with `id` and `do`"),
        ({**WAVE, "id": "call"}, "two steps are called 'call'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(db, step, says):
    with pytest.raises(DefinitionError) as refused:
        definition.parse({"name": "Test", **silent(), "steps": [{**BIG, "then": [step]}]})
    assert says in str(refused.value)
