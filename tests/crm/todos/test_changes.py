"""Edits of tasks are remembered: who changed what, and back again; who leaves the record leaves these too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from crm.accounts.models import Contact
from crm.history.actions import act, undo
from crm.history.models import Act, Door
from crm.privacy.erasing import erase
from crm.team.models import User
from crm.todos.models import Task, TaskChange
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def task(mira: User) -> Task:
    return Task.objects.create(title="Call Kelp", account=factories.account("Kelp"), owner=mira, due_at=NOON)


def test_who_hands_a_task_on_stands_in_the_audit_log(client: Client, mira: User, ada: User, task: Task) -> None:
    client.force_login(mira)
    client.post(f"/tasks/{task.pk}/owner/", {"owner": ada.pk})
    change = TaskChange.objects.get()
    assert (change.pgh_obj_id, change.owner) == (task.pk, mira.pk)
    made = Act.objects.get(pk=change.act_id)
    assert (made.by, made.door) == (mira, Door.PAGE)
    client.force_login(ada)
    shown = client.get("/settings/audit/").content.decode()
    assert "changed owner of Call Kelp from Mira to Ada" in shown


def test_edits_go_back_and_what_somebody_changed_since_stays(mira: User, ada: User, task: Task) -> None:
    with act(Act.EDIT, "", mira, NOON) as made:
        Task.objects.filter(pk=task.pk).update(title="Visit Kelp", due_at=NOON + timedelta(days=1))
    with act(Act.EDIT, "", ada, NOON):
        Task.objects.filter(pk=task.pk).update(title="Visit Kelp and eat")
    undone = undo(made, mira, NOON)
    task.refresh_from_db()
    assert (task.title, task.due_at) == ("Visit Kelp and eat", NOON)
    assert [(kept.field, kept.because) for kept in undone.kept] == [("title", "Ada edited it since")]


@pytest.mark.parametrize("change", [{"done_at": NOON}, {"snoozed_until": NOON}])
def test_what_the_timeline_tells_is_not_told_twice(task: Task, change: dict[str, Any]) -> None:
    Task.objects.filter(pk=task.pk).update(**change)
    assert not TaskChange.objects.exists()


def test_an_erased_person_leaves_the_tasks_as_they_were_too(mira: User, ada: User, task: Task) -> None:
    anna: Contact = factories.contact(task.account, first_name="Anna", last_name="Quintero")
    Task.objects.filter(pk=task.pk).update(title="Call Anna Quintero", body="Quintero likes tea")
    Task.objects.filter(pk=task.pk).update(title="Call Anna Quintero again", contact=anna)
    erase(anna.pk, ada, NOON)
    assert "Quintero" not in str(list(Task.objects.values()))
    assert "Quintero" not in str(list(TaskChange.objects.values()))
