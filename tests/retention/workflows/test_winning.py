"""A split is decided on its report: a version in which all go the way that won, and back."""

import pytest
from django.test import Client

from crm.history.models import Act
from retention.workflows import actions
from retention.workflows.building import drafts
from retention.workflows.experiments import winning
from retention.workflows.models import Enrollment, StepRun, Workflow
from tests import factories
from tests.conftest import NOON
from tests.retention.workflows.plans import DAY, MAIL, TASK, silent

TRY = {"id": "try", "do": "split", "arms": [
    {"name": "A", "steps": [MAIL]}, {"name": "B", "steps": [TASK]},
]}  # fmt: skip


@pytest.fixture
def workflow(publish):
    return publish({**silent(14), "steps": [TRY]})


@pytest.fixture
def desk(ada):
    client = Client()
    client.force_login(ada)
    return client


def definition():
    return Workflow.objects.get().version.definition


def decide(desk, arm, step="try"):
    return desk.post("/workflows/test/winner/", {"step": step, "arm": arm}, follow=True).content.decode()


def test_the_way_that_won_is_everybodys_from_the_next_version_on(workflow, desk, ada, run_at):
    page = decide(desk, "B")
    assert "Version 2 is published" in page
    assert definition()["steps"][0]["winner"] == "B"
    assert Workflow.objects.get().version.note == "“B” has won"
    assert Act.objects.get(kind="workflow.published").by == ada
    for _ in range(8):
        factories.contact(factories.account(last_seen_at=NOON))
    run_at(NOON + 14 * DAY)
    assert set(StepRun.objects.filter(kind="split").values_list("detail__arm", flat=True)) == {"B"}


def test_whoever_is_under_way_finishes_on_theirs(workflow, desk, run_at):
    factories.contact(factories.account(last_seen_at=NOON))
    run_at(NOON + 14 * DAY)
    before = Enrollment.objects.get().version_id
    decide(desk, "B")
    assert Enrollment.objects.get().version_id == before


def test_all_ways_are_tried_again(workflow, desk):
    decide(desk, "B")
    assert "drawn a way again" in decide(desk, "")
    assert "winner" not in definition()["steps"][0]
    assert Workflow.objects.get().version.number == 3


@pytest.mark.parametrize(
    ("step", "arm", "because"),
    [
        ("try", "C", "no way “C”"),
        ("hello", "A", "no such split"),
        ("gone", "A", "no such split"),
        ("try", "", "so already"),
        ("try", "A\0", "Version 2"),
    ],
)
def test_what_cannot_win_is_refused_with_its_reason(workflow, desk, step, arm, because):
    assert because in decide(desk, arm, step)
    if "Version" not in because:
        assert Workflow.objects.get().version.number == 1
        assert Workflow.objects.get().draft is None


def test_a_draft_that_is_begun_is_not_published_along(workflow, desk, ada):
    drafts.edit("test", 0, lambda data: data.update(about="Half done") or "began", "", ada, NOON)
    assert "A draft is begun" in decide(desk, "B")
    assert Workflow.objects.get().version.number == 1
    assert Workflow.objects.get().draft["about"] == "Half done"


def test_only_admins_decide(workflow, mira):
    client = Client()
    client.force_login(mira)
    assert client.post("/workflows/test/winner/", {"step": "try", "arm": "B"}).status_code == 403
    assert "winner" not in definition()["steps"][0]


def test_a_recipe_is_made_ones_own_first(db, ada):
    actions.enable("inactivity", NOON)
    with pytest.raises(drafts.DraftError, match="Make your own"):
        winning.decide("inactivity", "try", "A", ada, NOON)
