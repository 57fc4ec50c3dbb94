"""Tasks in the API."""

from __future__ import annotations

from typing import Any

import pytest

from crm.timeline.models import TimelineEntry
from crm.todos.models import Task
from tests import factories

TASKS = "/api/v1/tasks/"
CALL = {"title": "Call", "due_at": "2026-06-02T09:00:00Z"}


def test_a_task_is_made_changed_done_and_opened_again(api: Any, mira: Any, sam: Any) -> None:
    person = factories.contact()
    made = api.post(TASKS, CALL | {"account": person.account_id, "contact": person.pk, "owner": "sam@example.com"})
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["owner"], body["created_by"], body["done_at"]) == ("sam@example.com", "mira@example.com", None)
    url = made["Location"]
    assert (api.get(url).json(), api.get(url)["ETag"]) == (body, made["ETag"])
    changed = api.patch(url, {"owner": None, "title": "Ring", "due_at": "2026-06-03T09:00:00+02:00"})
    assert (changed.json()["owner"], changed.json()["title"]) == (None, "Ring")
    assert changed.json()["due_at"] == "2026-06-03T07:00:00Z"
    done = api.post(f"{url}completion/")
    assert (done.status_code, done.json()["done_at"]) == (201, "2026-06-01T12:00:00Z")
    assert done.json()["done_by"] == "mira@example.com"
    assert api.post(f"{url}completion/").json() == done.json()
    assert TimelineEntry.objects.filter(kind="task.done").count() == 1
    assert api.post(f"{url}reopening/").json()["done_at"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"due_at": None}, "due_at"),
        ({"due_at": "tomorrow"}, "due_at"),
        ({"due_at": "9999-12-31T23:59:59-14:00"}, "due_at"),
        ({"done_at": "2026-06-01T12:00:00Z"}, "done_at"),
        ({"origin": "workflow"}, "origin"),
        ({"owner": "x"}, "owner"),
    ],
)
def test_refusals(api: Any, change: dict[str, Any], field: str) -> None:
    answer = api.post(TASKS, CALL | change)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Task.objects.exists()


def test_a_contact_needs_its_account(api: Any) -> None:
    person = factories.contact()
    for account in (None, factories.account().pk):
        answer = api.post(TASKS, CALL | {"account": account, "contact": person.pk})
        assert list(answer.json()["errors"]) == ["contact"]


def test_a_done_task_is_not_handed_on(api: Any, sam: Any) -> None:
    url = api.post(TASKS, CALL)["Location"]
    api.post(f"{url}completion/")
    answer = api.patch(url, {"owner": "sam@example.com", "title": "New"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["owner"])
    assert Task.objects.get().title == "Call"


def test_lists(api: Any, mira: Any, sam: Any) -> None:
    account = factories.account()
    first = api.post(TASKS, CALL | {"title": "A", "owner": "mira@example.com", "account": account.pk})["Location"]
    api.post(TASKS, CALL | {"title": "B", "owner": "sam@example.com"})
    api.post(f"{first}completion/")

    def titles(**asked: Any) -> list[str]:
        return [row["title"] for row in api.get(TASKS, asked).json()["results"]]

    assert (titles(), titles(state="open"), titles(state="done")) == (["B", "A"], ["B"], ["A"])
    assert (titles(owner="SAM@example.com"), titles(account=account.pk)) == (["B"], ["A"])
    assert api.get(TASKS, {"state": "late"}).status_code == 400


def test_foreign_tasks_do_not_exist(calling: Any, olaf: Any, mira: Any) -> None:
    foreign = factories.account(owner=mira)
    task = Task.objects.create(title="Secret", account=foreign, due_at="2026-06-02T09:00:00Z")
    api = calling(olaf)
    assert api.get(TASKS).json()["results"] == []
    for answer in (
        api.get(f"{TASKS}{task.pk}/"), api.patch(f"{TASKS}{task.pk}/", {"title": "X"}),
        api.post(f"{TASKS}{task.pk}/completion/"), api.post(f"{TASKS}{task.pk}/reopening/"),
    ):  # fmt: skip
        assert answer.status_code == 404
    task.refresh_from_db()
    assert (task.title, task.done_at) == ("Secret", None)
    assert api.post(TASKS, CALL | {"account": foreign.pk}).status_code == 400


def test_queries_do_not_grow(api: Any, mira: Any, django_assert_num_queries: Any) -> None:
    api.get(TASKS)
    for _ in range(3):
        Task.objects.create(title="T", account=factories.account(), owner=mira, due_at="2026-06-02T09:00:00Z")
    with django_assert_num_queries(2):
        assert len(api.get(TASKS).json()["results"]) == 3
