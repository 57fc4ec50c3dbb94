"""Topics in the API: written by admins, retired, never deleted; refused as on their page."""

from __future__ import annotations

import pytest

from crm.history.models import Act
from crm.outbox.models import Topic

ADDRESS = "/api/v1/topics/"
NEWS = {"name": "News of the house", "sentence": "What is new.", "categories": ["marketing"]}


@pytest.fixture
def admin(calling, ada):
    return calling(ada)


@pytest.fixture
def news(admin):
    return admin.post(ADDRESS, NEWS, format="json").json()


def test_a_topic_is_made_changed_and_keeps_its_name_for_machines(admin, ada):
    made = admin.post(ADDRESS, NEWS, format="json")
    assert (made.status_code, made.json()["slug"], made.json()["order"]) == (201, "news-of-the-house", 90)
    at = f"{ADDRESS}{made.json()['id']}/"
    stale = made["ETag"]
    changed = admin.patch(at, {"name": "Our news"}, format="json", HTTP_IF_MATCH=stale).json()
    assert (changed["name"], changed["slug"], changed["sentence"]) == ("Our news", "news-of-the-house", "What is new.")
    assert admin.patch(at, {"name": "Late"}, format="json", HTTP_IF_MATCH=stale).status_code == 412
    assert [one.by for one in Act.objects.filter(kind="topic.written")] == [ada, ada]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"name": "!!!"}, {"name": "x" * 61}, {"categories": []}, {"categories": ["reply"]},
        {"order": 1000}, {"order": -1}, {"slug": "mine"}, {"more": 1},
    ],
)  # fmt: skip
def test_what_the_page_refuses_is_refused_here(admin, wrong):
    before = Topic.objects.count()
    answer = admin.post(ADDRESS, NEWS | wrong, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(wrong))
    assert Topic.objects.count() == before


def test_no_two_are_called_alike(admin, news):
    assert list(admin.post(ADDRESS, NEWS, format="json").json()["errors"]) == ["name"]


def test_it_is_retired_and_offered_again_each_once(admin, news):
    at = f"{ADDRESS}{news['id']}/"
    for _ in range(2):
        assert admin.post(f"{at}retirement/", {}, format="json").json()["retired_at"]
    for _ in range(2):
        assert admin.post(f"{at}return/", {}, format="json").json()["retired_at"] is None
    assert Act.objects.filter(kind="topic.retired").count() == 2


def test_others_neither_read_nor_write(api, calling, ada, news):
    at = f"{ADDRESS}{news['id']}/"
    assert api.get(ADDRESS).status_code == 403
    for client in (api, calling(ada, "read")):
        assert client.post(ADDRESS, NEWS | {"name": "Other"}, format="json").status_code == 403
        assert client.patch(at, {"name": "Other"}, format="json").status_code == 403
        assert client.post(f"{at}retirement/", {}, format="json").status_code == 403
    assert Topic.objects.get(pk=news["id"]).retired_at is None
    assert not Topic.objects.filter(name="Other").exists()
