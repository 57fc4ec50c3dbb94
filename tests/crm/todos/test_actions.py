"""The verbs: what each writes, and what it leaves alone when it refuses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from crm.team.models import User
from crm.timeline.models import Pending, TimelineEntry
from crm.todos.actions import NewTask, TaskError, assign, complete, create, reopen, snooze
from crm.todos.models import Task
from tests import factories
from tests.conftest import NOON


def test_create_writes_every_column_once(ada, mira):
    account = factories.account()
    contact = factories.contact(account)
    new = NewTask(
        "Call them", NOON, account.pk, contact.pk, mira.pk, "About the renewal", "workflow", 7, "e1:call:1", ada.pk
    )
    (pk,) = create([new])
    task = Task.objects.get(pk=pk)
    assert (task.title, task.due_at, task.account, task.contact, task.owner) == (
        "Call them", NOON, account, contact, mira,
    )  # fmt: skip
    assert (task.body, task.origin, task.origin_id, task.key, task.created_by) == (
        "About the renewal", "workflow", 7, "e1:call:1", ada,
    )  # fmt: skip
    assert (task.created_at, task.done_at, task.snoozed_until) == (NOON, None, None)


def test_create_with_a_known_key_does_nothing(db):
    first = create([NewTask("One", NOON, key="a"), NewTask("No key", NOON)])
    again = create([NewTask("Other", NOON, key="a"), NewTask("New", NOON, key="b")])
    assert len(first) == 2
    assert len(again) == 1
    assert sorted(Task.objects.values_list("title", flat=True)) == ["New", "No key", "One"]


def test_create_nothing(db):
    assert create([]) == []


def test_create_cuts_a_title_that_is_too_long(db):
    create([NewTask("x" * 201, NOON), NewTask("y" * 200, NOON)])
    titles = sorted(Task.objects.values_list("title", flat=True))
    assert titles == ["x" * 199 + "…", "y" * 200]


def test_complete_tells_the_timeline_and_the_workflows(mira):
    account = factories.account()
    task = Task.objects.create(title="Call them", account=account, owner=mira, due_at=NOON)
    assert complete(task, mira, NOON) is True
    assert (task.done_at, task.done_by_id) == (NOON, mira.pk)
    entry = TimelineEntry.objects.get()
    assert (entry.account_id, entry.kind, entry.text) == (account.pk, "task.done", "Task done: Call them")
    assert (entry.source, entry.actor_id, entry.payload) == ("person", mira.pk, {"task": task.pk})
    assert Pending.objects.count() == 1


def test_completing_twice_changes_nothing_and_says_so(ada, mira):
    task = Task.objects.create(title="Call", account=factories.account(), due_at=NOON)
    complete(task, mira, NOON)
    assert complete(task, ada, NOON + timedelta(hours=1)) is False
    task.refresh_from_db()
    assert (task.done_at, task.done_by) == (NOON, mira)
    assert TimelineEntry.objects.count() == 1


def test_a_task_about_nobody_is_completed_without_a_timeline(mira):
    task = Task.objects.create(title="Tidy up", due_at=NOON)
    assert complete(task, mira, NOON) is True
    assert TimelineEntry.objects.count() == 0


def test_reopen_takes_it_back_and_says_so(mira):
    task = Task.objects.create(title="Call", account=factories.account(), due_at=NOON)
    assert reopen(task) is False
    complete(task, mira, NOON)
    assert reopen(task, mira, NOON) is True
    task.refresh_from_db()
    assert (task.done_at, task.done_by) == (None, None)
    assert list(TimelineEntry.objects.order_by("id").values_list("kind", flat=True)) == ["task.done", "task.reopened"]


@pytest.mark.parametrize(("until", "allowed"), [(NOON, False), (NOON + timedelta(microseconds=1), True)])
def test_snooze_only_into_the_future(db, until, allowed):
    task = Task.objects.create(title="Call", due_at=NOON)
    if allowed:
        snooze(task, until, NOON)
    else:
        with pytest.raises(TaskError, match="still to come"):
            snooze(task, until, NOON)
    task.refresh_from_db()
    assert task.snoozed_until == (until if allowed else None)
    assert task.due_at == NOON


def test_a_done_task_is_neither_snoozed_nor_handed_on(ada, mira):
    task = Task.objects.create(title="Call", due_at=NOON, owner=mira)
    complete(task, mira, NOON)
    with pytest.raises(TaskError, match="is done"):
        snooze(task, NOON + timedelta(days=1), NOON)
    with pytest.raises(TaskError, match="is done"):
        assign(task, ada)
    task.refresh_from_db()
    assert (task.snoozed_until, task.owner) == (None, mira)


def test_assign_to_a_person_to_the_pool_and_not_to_the_inactive(ada, mira, make_user):
    gone = make_user("Gone", is_active=False)
    task = Task.objects.create(title="Call", due_at=NOON, owner=mira)
    with pytest.raises(TaskError, match="no active sign-in"):
        assign(task, gone)
    assign(task, ada)
    assert Task.objects.get().owner == ada
    assign(task, None)
    assert Task.objects.get().owner is None


@pytest.mark.django_db(transaction=True)
def test_two_who_complete_at_once_record_one_fact():
    account = factories.account()
    people = [User.objects.create_user(f"p{n}@example.com", name=f"P{n}", role="manager") for n in range(2)]
    task = Task.objects.create(title="Call", account=account, due_at=NOON)

    def finish(person: User) -> bool:
        try:
            return complete(Task.objects.get(pk=task.pk), person, NOON)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            Task.objects.select_for_update().get(pk=task.pk)
            both = [pool.submit(finish, person) for person in people]  # both wait for the row
        results = sorted(future.result() for future in both)
    assert results == [False, True]
    assert TimelineEntry.objects.count() == 1
