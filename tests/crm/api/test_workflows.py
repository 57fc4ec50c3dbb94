"""Workflows in the API: read by everybody, switched and changed by admins, each verb once."""

from __future__ import annotations

import pytest

from crm.history.models import Act
from retention.workflows.actions import enable
from retention.workflows.models import Enrollment, Move, Workflow
from tests import factories
from tests.conftest import NOON

ADDRESS = "/api/v1/workflows/"


@pytest.fixture
def workflow(db):
    return enable("inactivity", NOON)


@pytest.fixture
def admin(calling, ada):
    return calling(ada)


def of(workflow, *verb):
    return "/".join([f"{ADDRESS}{workflow.pk}", *map(str, verb), ""])


def test_it_is_read_with_its_definition_and_figures(api, workflow):
    (row,) = api.get(ADDRESS).json()["results"]
    assert (row["slug"], row["state"], row["version"]) == ("inactivity", "on", 1)
    one = api.get(of(workflow)).json()
    assert one["definition"]["trigger"]["when"] == "silence"
    assert one["figures"]["active"] == 0
    (version,) = api.get(of(workflow, "versions")).json()["results"]
    assert (version["number"], version["definition"]["name"]) == (1, one["name"])


@pytest.mark.parametrize("verb", ["activation", "pause", "resumption", "deactivation", "moving", "enrollments"])
def test_whoever_may_not_switch_workflows_is_refused(api, calling, ada, workflow, verb):
    assert api.post(of(workflow, verb), {}, format="json").status_code == 403
    assert calling(ada, "read").post(of(workflow, verb), {}, format="json").status_code == 403
    assert Workflow.objects.get().state == "on"
    assert [one.kind for one in Act.objects.all()] == ["workflow.enabled"], "as the test began"


def test_it_is_paused_resumed_and_switched(admin, ada, workflow):
    assert admin.post(of(workflow, "pause"), {}, format="json").json()["state"] == "paused"
    assert admin.post(of(workflow, "pause"), {}, format="json").status_code == 409
    wrong = admin.post(of(workflow, "resumption"), {"how": "later"}, format="json")
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["how"])
    again = admin.post(of(workflow, "resumption"), {"how": "spread", "hours": 5}, format="json")
    assert (again.json()["state"], Act.objects.get(kind="workflow.resumed").detail["how"]) == ("on", "spread")
    assert admin.post(of(workflow, "resumption"), {}, format="json").status_code == 409
    assert admin.post(of(workflow, "deactivation"), {}, format="json").json()["state"] == "off"
    assert admin.post(of(workflow, "activation"), {"include_current": True}, format="json").json()["state"] == "on"
    switched = Act.objects.filter(kind="workflow.enabled").latest("pk")
    assert (switched.by, switched.label) == (ada, f"switched on “{workflow}”, also for those whom it fits already")


def test_a_definition_is_checked_with_place_and_reason(admin, workflow):
    good = admin.get(of(workflow)).json()["definition"]
    answer = admin.post(of(workflow, "validation"), {"definition": good}, format="json").json()
    assert answer == {"valid": True, "problems": []}
    bad = good | {"steps": [*good["steps"], {"id": "more", "do": "message", "subject": "", "body": "{% if %}"}]}
    answer = admin.post(of(workflow, "validation"), {"definition": bad}, format="json").json()
    assert answer["valid"] is False
    assert {one["place"] for one in answer["problems"]} == {f"steps[{len(good['steps'])}].subject"}
    for odd in (None, 7, [], "x", {"steps": "x"}):
        answer = admin.post(of(workflow, "validation"), {"definition": odd}, format="json")
        assert answer.status_code == 400 or answer.json()["valid"] is False


def test_a_customer_is_put_in_once_and_taken_out(admin, workflow):
    account = factories.account("Kelp")
    first = admin.post(of(workflow, "enrollments"), {"account": account.pk}, format="json", HTTP_IDEMPOTENCY_KEY="one")
    again = admin.post(of(workflow, "enrollments"), {"account": account.pk}, format="json", HTTP_IDEMPOTENCY_KEY="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert Enrollment.objects.count() == 1
    assert admin.post(of(workflow, "enrollments"), {"account": account.pk}, format="json").status_code == 409
    assert Act.objects.filter(kind="bulk.enroll").count() == 1
    pk = first.json()["id"]
    assert [row["id"] for row in admin.get(of(workflow, "enrollments")).json()["results"]] == [pk]
    held = admin.post(of(workflow, "enrollments", pk, "hold"), {"reason": "A call"}, format="json")
    assert held.json()["paused"] is True
    assert admin.post(of(workflow, "enrollments", pk, "release"), {"reason": "x"}, format="json").status_code == 200
    assert admin.post(of(workflow, "enrollments", pk, "leaving"), {}, format="json").status_code == 400
    left = admin.post(of(workflow, "enrollments", pk, "leaving"), {"reason": "They asked"}, format="json")
    assert (left.json()["state"], left.json()["ended_because"]) == ("exited", "Taken out by Ada: They asked")
    gone = admin.post(of(workflow, "enrollments", pk, "leaving"), {"reason": "Again"}, format="json")
    assert gone.status_code == 409


def test_people_of_others_are_not_listed(calling, olaf, mira, workflow):
    account = factories.account("Kelp", owner=mira)
    Enrollment.objects.create(
        workflow=workflow, version_id=workflow.version_id, account=account, trigger_key="x", step_id="x", due_at=NOON
    )
    assert calling(olaf).get(of(workflow, "enrollments")).json()["results"] == []
    assert len(calling(mira).get(of(workflow, "enrollments")).json()["results"]) == 1


def test_a_workflow_that_is_off_takes_nobody(admin, workflow):
    admin.post(of(workflow, "deactivation"), {}, format="json")
    answer = admin.post(of(workflow, "enrollments"), {"account": factories.account().pk}, format="json")
    assert answer.status_code == 409
    assert not Enrollment.objects.exists()


def test_moving_is_previewed_and_done(admin, api, workflow):
    old = workflow.version
    step = old.definition["steps"][0]["id"]
    Enrollment.objects.create(
        workflow=workflow, version=old, account=factories.account(), trigger_key="x", step_id=step, due_at=NOON
    )
    workflow.version = workflow.versions.create(number=2, definition=old.definition)
    workflow.save()
    assert api.get(of(workflow, "moving")).status_code == 403
    seen = admin.get(of(workflow, "moving")).json()
    assert (seen["total"], seen["lines"][0]["at"], seen["lines"][0]["to"]) == (1, step, step)
    made = admin.post(of(workflow, "moving"), {}, format="json").json()
    assert (made["state"], made["moved"], made["act"]) == ("done", 1, Move.objects.get().act_id)
    assert Enrollment.objects.get().version == workflow.version
