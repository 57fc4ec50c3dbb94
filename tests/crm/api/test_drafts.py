"""Workflows are built by programs too: made, replaced whole, published once, and refused with place and reason."""

from __future__ import annotations

import pytest

from crm.history.models import Act
from retention.workflows.actions import enable
from retention.workflows.models import Workflow, WorkflowVersion
from tests.conftest import NOON

ADDRESS = "/api/v1/workflows/"
PLAN = {
    "name": "Silent ones",
    "trigger": {"when": "silence", "days": 14},
    "steps": [{"id": "call", "do": "task", "title": "Call them"}],
}


@pytest.fixture
def admin(calling, ada):
    return calling(ada)


@pytest.fixture
def made(admin):
    return admin.post(ADDRESS, {"definition": PLAN}, format="json").json()["id"]


def at(pk, *verb):
    return "/".join([f"{ADDRESS}{pk}/draft", *verb, ""])


def test_one_is_made_published_and_switched_on(admin, ada):
    answer = admin.post(ADDRESS, {"definition": PLAN}, format="json")
    assert (answer.status_code, answer.json()["slug"], answer.json()["definition"]) == (201, "silent-ones", None)
    pk = answer.json()["id"]
    draft = admin.get(at(pk)).json()
    assert (draft["begun"], draft["problems"], draft["definition"]["steps"][0]["title"]) == (True, [], "Call them")
    answer = admin.post(at(pk, "publication"), {"note": "the first"}, format="json")
    assert (answer.status_code, answer.json()["version"], answer.json()["state"]) == (200, 1, "off")
    assert admin.post(at(pk, "publication"), {}, format="json").status_code == 409, "nothing differs"
    assert admin.post(f"{ADDRESS}{pk}/activation/", {}, format="json").json()["state"] == "on"
    assert [one.by for one in Act.objects.filter(kind="workflow.published")] == [ada]


def test_a_name_or_a_copy_is_enough(admin, made):
    empty = admin.post(ADDRESS, {"name": "Later"}, format="json").json()
    assert [one["place"] for one in admin.get(at(empty["id"])).json()["problems"]] == ["trigger", "steps"]
    assert admin.post(at(empty["id"], "publication"), {}, format="json").status_code == 409
    assert admin.post(ADDRESS, {"copy_of": made}, format="json").status_code == 400, "nothing of it is published"
    admin.post(at(made, "publication"), {}, format="json")
    copy = admin.post(ADDRESS, {"copy_of": made}, format="json").json()
    assert copy["name"] == "Silent ones (own)"


@pytest.mark.parametrize(
    "sent",
    [
        {}, {"name": ""}, {"name": "x" * 121}, {"definition": None}, {"definition": 7}, {"definition": {"name": "x"}},
        {"definition": PLAN, "name": "x"}, {"copy_of": 999}, {"definition": PLAN | {"trigger": {"when": "never"}}},
        {"definition": PLAN | {"more": 1}}, {"definition": PLAN | {"steps": PLAN["steps"] * 2}},
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused_and_makes_nothing(admin, sent):
    answer = admin.post(ADDRESS, sent, format="json")
    assert answer.status_code == 400
    assert not Workflow.objects.exists()


def test_a_draft_is_replaced_only_by_who_read_it(admin, made):
    read = admin.get(at(made))
    other = PLAN | {"name": "Quieter ones"}
    first = admin.put(at(made), {"definition": other}, format="json", HTTP_IF_MATCH=read["ETag"])
    assert (first.status_code, first.json()["definition"]["name"]) == (200, "Quieter ones")
    assert first["ETag"] != read["ETag"]
    late = admin.put(at(made), {"definition": PLAN}, format="json", HTTP_IF_MATCH=read["ETag"])
    assert late.status_code == 412
    assert admin.post(at(made, "publication"), {}, format="json", HTTP_IF_MATCH=read["ETag"]).status_code == 412
    assert (Workflow.objects.get().name, WorkflowVersion.objects.count()) == ("Quieter ones", 0)


def test_a_draft_is_refused_with_its_place_and_stays(admin, made):
    wrong = PLAN | {"steps": [{"id": "mail", "do": "message", "subject": "Hi", "body": "{{ contact.nick }}"}]}
    answer = admin.put(at(made), {"definition": wrong}, format="json")
    assert answer.status_code == 400
    assert "contact.nick" in answer.json()["errors"]["definition"][0]
    assert admin.get(at(made)).json()["definition"]["steps"][0]["title"] == "Call them"


def test_a_campaigns_start_is_no_start_of_a_workflow(admin, made):
    plan = PLAN | {"trigger": {"when": "campaign", "on": "2026-07-01", "at": "2026-07-01T09:00Z"}}
    answer = admin.put(at(made), {"definition": plan}, format="json")
    assert (answer.status_code, "page of campaigns" in answer.json()["errors"]["definition"][0]) == (400, True)
    copied = admin.post(ADDRESS, {"definition": plan}, format="json").json()["id"]
    assert admin.post(at(copied, "publication"), {}, format="json").status_code == 409
    assert not WorkflowVersion.objects.exists()


def test_discarding_goes_back_to_what_is_published(admin, made):
    assert admin.post(at(made, "discarding"), {}, format="json").status_code == 409, "there is nothing to go back to"
    admin.post(at(made, "publication"), {}, format="json")
    admin.put(at(made), {"definition": PLAN | {"name": "Other"}}, format="json")
    answer = admin.post(at(made, "discarding"), {}, format="json").json()
    assert (answer["begun"], answer["definition"]["name"]) == (False, "Silent ones")


def test_a_recipe_has_no_draft(admin):
    recipe = enable("inactivity", NOON)
    assert admin.get(at(recipe.pk)).status_code == 404
    assert admin.put(at(recipe.pk), {"definition": PLAN}, format="json").status_code == 404


def test_whoever_may_not_build_reads_no_draft_and_makes_none(api, calling, ada, made):
    for client in (api, calling(ada, "read")):
        assert client.post(ADDRESS, {"definition": PLAN}, format="json").status_code == 403
        assert client.put(at(made), {"definition": PLAN}, format="json").status_code == 403
        assert client.post(at(made, "publication"), {}, format="json").status_code == 403
    assert api.get(at(made)).status_code == 403
    assert (Workflow.objects.count(), WorkflowVersion.objects.count()) == (1, 0)


def test_the_same_request_makes_one(admin):
    for _ in range(2):
        admin.post(ADDRESS, {"definition": PLAN}, format="json", HTTP_IDEMPOTENCY_KEY="k1")
    assert Workflow.objects.count() == 1
