"""Several tasks at once: what each verb changes, and what taking it back leaves alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from crm.outbox.models import Notification
from crm.templatetags.ui import undo_url
from crm.timeline.models import TimelineEntry
from crm.todos import bulk
from crm.todos.actions import NewTask, TaskError, assign, create
from crm.todos.models import Task
from tests import factories
from tests.conftest import NOON

LATER = NOON + timedelta(days=1)


@pytest.fixture
def three(mira) -> list[int]:
    account = factories.account()
    return create([NewTask(f"T{number}", NOON, account.pk, None, mira.pk) for number in range(3)], now=NOON)


def state() -> list[tuple[Any, ...]]:
    return list(Task.objects.order_by("id").values_list("title", "done_at", "snoozed_until", "owner__name"))


def send(client, user, **data) -> str:
    """Posts to the bar's form; returns the address that takes it back."""
    client.force_login(user)
    client.post("/tasks/bulk/", data)
    said = [message.extra_tags for message in client.get("/me/").context["messages"]]
    return undo_url(said[0]) if said else ""


def test_completed_and_taken_back(client, mira, three):
    before = state()
    undo = send(client, mira, ids=three[:2], verb="complete")
    assert [row[1] for row in state()] == [NOON, NOON, None]
    assert TimelineEntry.objects.filter(kind="task.done").count() == 2
    client.post(undo)
    assert state() == before
    client.post(undo)  # again: nothing is left to take back
    assert state() == before


def test_a_task_that_comes_again_follows_from_many_too(client, mira):
    (pk,) = create([NewTask("Again", NOON, owner_id=mira.pk, repeats="daily 09:00")], now=NOON)
    undo = send(client, mira, ids=[pk], verb="complete")
    assert [row[0] for row in state()] == ["Again", "Again"]
    client.post(undo)
    assert [row[:2] for row in state()] == [("Again", None)]


@pytest.mark.parametrize(
    ("data", "until"),
    [
        ({"until": "later"}, datetime(2026, 6, 1, 15, 0, tzinfo=UTC)),
        ({"until": "tomorrow"}, datetime(2026, 6, 2, 7, 0, tzinfo=UTC)),
        ({"until": "date", "day": "2026-06-09"}, datetime(2026, 6, 9, 7, 0, tzinfo=UTC)),
        ({"until": "date", "day": "2026-05-09"}, None),
        ({"until": "date"}, None),
        ({}, None),
    ],
)
def test_snoozed_and_taken_back(client, mira, three, data, until):
    Task.objects.filter(pk=three[0]).update(snoozed_until=NOON + timedelta(hours=1))
    before = state()
    undo = send(client, mira, ids=three, verb="snooze", **data)
    assert [row[2] for row in state()] == ([until] * 3 if until else [row[2] for row in before])
    if until:
        client.post(undo)
    assert state() == before


def test_handed_on_told_once_and_taken_back(client, mira, ada, three):
    before = state()
    undo = send(client, mira, ids=three, verb="assign", owner=ada.pk)
    assert {row[3] for row in state()} == {"Ada"}
    assert list(Notification.objects.values_list("user", "text", "url")) == [
        (ada.pk, "Mira gave you 3 tasks", "/tasks/"),
    ]
    client.post(undo)
    assert state() == before


def test_what_somebody_has_changed_since_stays(client, mira, ada, sam, three):
    undo = send(client, mira, ids=three, verb="assign", owner=ada.pk)
    Task.objects.filter(pk=three[1]).update(owner=sam)
    client.post(undo)
    assert [row[3] for row in state()] == ["Mira", "Sam", "Mira"]
    said = unescape(client.get("/me/").content.decode())
    assert "2 tasks as before. 1 task stayed, because somebody has changed it since." in said


def test_only_who_did_it_takes_it_back_and_nobody_a_forged_one(mira, ada, three):
    _, token = bulk.complete(three, mira, NOON)
    for by, of in ((ada, token), (mira, token[:-2] + "xx"), (mira, "")):
        with pytest.raises(bulk.NothingToUndo):
            bulk.undo(of, by, NOON)
    assert {row[1] for row in state()} == {NOON}


@pytest.mark.parametrize(
    "data", [{"verb": "complete"}, {"verb": "assign", "owner": ""}, {"verb": "snooze", "until": "tomorrow"}]
)
def test_a_confined_manager_changes_nothing_of_others(client, mira, olaf, data):
    hers = factories.account(owner=mira)
    ids = create([NewTask("Hers", NOON, hers.pk, None, mira.pk)], now=NOON)
    before = state()
    send(client, olaf, ids=ids, **data)
    assert state() == before


@pytest.mark.parametrize("data", [{}, {"ids": ["x"]}, {"verb": "delete"}, {"verb": "assign", "owner": 10**9}])
def test_damaged_forms_change_nothing(client, mira, three, data):
    before = state()
    assert send(client, mira, **({"ids": three} | data)) == ""
    assert state() == before


def test_who_has_left_gets_none(mira, sam, three):
    sam.is_active = False
    sam.save()
    with pytest.raises(TaskError):
        bulk.assign(three, sam, mira, NOON)
    with pytest.raises(TaskError):
        bulk.snooze(three, NOON, mira, NOON)


def test_who_is_given_a_task_is_told(mira, ada):
    (pk,) = create([NewTask("Call", NOON, owner_id=ada.pk, created_by_id=mira.pk)], now=NOON)
    create(
        [NewTask("Mine", NOON, owner_id=mira.pk, created_by_id=mira.pk), NewTask("By itself", NOON, owner_id=ada.pk)]
    )
    task = Task.objects.get(pk=pk)
    assign(task, mira, ada, NOON)
    assign(task, mira, ada, NOON)  # it is theirs already
    told = list(Notification.objects.order_by("id").values_list("user__name", "text", "url"))
    assert told == [
        ("Ada", "Mira gave you a task: Call", f"/tasks/{pk}/"),
        ("Mira", "Ada gave you a task: Call", f"/tasks/{pk}/"),
    ]


def test_many_are_completed_in_few_statements(mira, django_assert_max_num_queries):
    account = factories.account()
    ids = create(
        [NewTask(f"T{n}", NOON, account.pk, None, mira.pk, repeats="daily 09:00") for n in range(100)], now=NOON
    )
    with django_assert_max_num_queries(10):
        bulk.complete(ids, mira, NOON)
    assert Task.objects.count() == 200
