"""A task for each of many customers, made from a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q

from crm.accounts.models import Account
from crm.history.actions import present_act
from crm.history.models import Act
from crm.history.undoing import Kept, Undone, undoers
from crm.slots import BulkAction, bulk_actions
from crm.team.models import User
from crm.todos import rules
from crm.todos.actions import NewTask, create
from crm.todos.models import Task
from crm.web import clock
from crm.web.rules import local_moment

#: More that are kept are counted, not named.
_NAMED = 200
#: The key of a task: it is made once for each customer, however often a slice is tried.
_KEY = "bulk:{act}:{account}"


class EachForm(forms.Form):
    title = forms.CharField(max_length=200, label="What is to be done", help_text="The same for each of them.")
    due_on = forms.DateField(label="Due on", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    whose = forms.ChoiceField(choices=[("owner", "Each customer’s owner, else the pool"), ("me", "Me")], label="For")

    def __init__(self, *args: Any, viewer: User, **more: Any) -> None:
        super().__init__(*args, **more)
        self.viewer = viewer
        self.fields["due_on"].initial = clock.now().astimezone(viewer.zone).date() + timedelta(days=1)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "due_on" in data:
            data["due_at"] = local_moment(data["due_on"], rules.MORNING, self.viewer.zone)
        return data


def make(ids: Sequence[int], data: dict[str, Any], by: User, now: datetime) -> int:
    act = present_act()
    assert act is not None
    rows = Account.objects.filter(pk__in=ids).order_by("pk").values_list("pk", "owner_id")
    return len(create([
        NewTask(
            data["title"], data["due_at"], account_id=pk, owner_id=by.pk if data["whose"] == "me" else owner,
            created_by_id=by.pk, key=_KEY.format(act=act.pk, account=pk),
        )
        for pk, owner in rows
    ], now=now))  # fmt: skip


def unmake(act: Act, by: User | None, now: datetime) -> Undone:
    """Tasks of the act that nobody has done, changed or put off go; the others are named."""
    made = Task.objects.filter(key__startswith=_KEY.format(act=act.pk, account=""))
    touched = made.exclude(done_at=None, snoozed_until=None, body="")
    kept = [
        Kept(task.title, "", None, str(task.done_by or ""), task.done_at, _because(task), "crm.Task", task.pk)
        for task in touched.select_related("done_by").order_by("pk")[:_NAMED]
    ]
    more = touched.count() - len(kept)
    gone = made.filter(Q(done_at=None) & Q(snoozed_until=None) & Q(body="")).delete()[1].get("crm.Task", 0)
    return Undone(gone, kept, more)


def _because(task: Task) -> str:
    if task.done_at:
        return f"{task.done_by or 'somebody'} has done it"
    return "somebody put it off" if task.snoozed_until else "somebody wrote notes to it"


def register_bulk() -> None:
    bulk_actions.register(
        "account.task",
        BulkAction(
            "Create tasks", "list-plus", "account", make,
            lambda data, rows: f"made a task for each of {rows}: {data['title']}", EachForm, order=25,
        ),
    )  # fmt: skip
    undoers.register("bulk.task", unmake)
