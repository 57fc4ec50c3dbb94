"""Campaigns in the API: written, planned, approved by another and called off, by the rules of their pages."""

from __future__ import annotations

import pytest

from crm.team.models import User
from retention.campaigns.models import Campaign
from retention.workflows.models import Workflow

ADDRESS = "/api/v1/campaigns/"
NEWS = {"name": "June news", "day": "2026-06-30", "subject": "News, {{ contact.first_name }}", "body": "All of it."}


@pytest.fixture
def admin(calling, ada):
    return calling(ada)


@pytest.fixture
def zoe(make_user):
    return make_user("Zoe", User.Role.ADMIN)


@pytest.fixture
def news(admin):
    return admin.post(ADDRESS, NEWS, format="json").json()


def at(row, *verb):
    return "/".join([f"{ADDRESS}{row['id']}", *verb, ""])


def test_it_is_written_planned_called_off_and_opened_again(admin, ada):
    made = admin.post(ADDRESS, NEWS, format="json")
    row = made.json()
    assert (made.status_code, row["state"], row["kind"], row["hour"], row["segment"]) == (
        201,
        "draft",
        "news",
        "09:00:00",
        None,
    )
    changed = admin.patch(at(row), {"over_hours": 4}, format="json", HTTP_IF_MATCH=made["ETag"])
    assert (changed.json()["over_hours"], changed.json()["subject"]) == (4, NEWS["subject"])
    assert admin.patch(at(row), {"over_hours": 5}, format="json", HTTP_IF_MATCH=made["ETag"]).status_code == 412
    planned = admin.post(at(row, "planning"), {}, format="json").json()
    assert (planned["state"], planned["outcomes"][0]["sent"]) == ("planned", 0)
    assert Workflow.objects.get(pk=planned["workflow"]).state == "on"
    assert admin.patch(at(row), {"name": "Late"}, format="json").status_code == 409
    assert admin.post(at(row, "planning"), {}, format="json").status_code == 409
    assert admin.post(at(row, "calling-off"), {}, format="json").json()["state"] == "called_off"
    assert Workflow.objects.get().state == "off"
    assert admin.post(at(row, "reopening"), {}, format="json").json()["state"] == "draft"
    assert Campaign.objects.get().made_by == ada


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"kind": "spam"}, {"subject": "{% if %}"}, {"body": "x" * 20_001}, {"topic": "nothing"},
        {"segment": 999}, {"over_hours": 73}, {"other_share": 100}, {"day": "someday"}, {"state": "planned"},
        {"more": 1},
    ],
)  # fmt: skip
def test_what_the_page_refuses_is_refused_here(admin, wrong):
    answer = admin.post(ADDRESS, NEWS | wrong, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(wrong))
    assert not Campaign.objects.exists()


def test_what_is_not_finished_is_not_planned(admin):
    row = admin.post(ADDRESS, {"name": "Later"}, format="json").json()
    assert admin.post(at(row, "planning"), {}, format="json").status_code == 409
    assert not Workflow.objects.exists()


def test_in_a_crisis_another_admin_says_yes_to_what_they_read(admin, calling, zoe, news):
    admin.patch(at(news), {"kind": "crisis"}, format="json")
    asked = admin.post(at(news, "planning"), {}, format="json").json()
    assert (asked["state"], Workflow.objects.exists()) == ("asked", False)
    assert admin.post(at(news, "approval"), {"digest": asked["digest"]}, format="json").status_code == 409
    other = calling(zoe)
    assert other.post(at(news, "approval"), {}, format="json").status_code == 400
    assert other.post(at(news, "approval"), {"digest": news["digest"]}, format="json").status_code == 409
    assert Campaign.objects.get().state == "asked"
    assert other.post(at(news, "approval"), {"digest": asked["digest"]}, format="json").json()["state"] == "planned"
    assert Campaign.objects.get().approved_by == zoe


def test_a_copy_and_a_follow_up(admin, news):
    assert admin.post(at(news, "follow-ups"), {}, format="json").status_code == 409, "nobody has got it"
    copy = admin.post(at(news, "copies"), {}, format="json")
    assert (copy.status_code, copy.json()["name"], copy.json()["day"]) == (201, "June news (copy)", None)
    admin.post(at(news, "planning"), {}, format="json")
    more = admin.post(at(news, "follow-ups"), {}, format="json").json()
    assert (more["follows"], more["state"]) == (news["id"], "draft")


def test_others_read_and_change_nothing(api, calling, ada, news):
    assert [one["name"] for one in api.get(ADDRESS).json()["results"]] == ["June news"]
    for client in (api, calling(ada, "read")):
        assert client.post(ADDRESS, NEWS, format="json").status_code == 403
        assert client.patch(at(news), {"name": "x"}, format="json").status_code == 403
        for verb in ("planning", "approval", "calling-off", "reopening", "copies", "follow-ups"):
            assert client.post(at(news, verb), {"digest": news["digest"]}, format="json").status_code == 403
    assert [(one.name, one.state) for one in Campaign.objects.all()] == [("June news", "draft")]
