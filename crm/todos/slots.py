"""What tasks give to other rooms: a menu entry with what is due, and a panel on the customer's page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from crm import slots
from crm.accounts.models import Account
from crm.team.models import User
from crm.todos import rules
from crm.todos.models import Task, TaskQuerySet
from crm.web import clock

_LINES = 6


def due(viewer: User) -> TaskQuerySet:
    """Tasks of the viewer that are late or due today."""
    now = clock.now()
    return Task.objects.waiting_for(viewer, now).filter(due_at__lt=rules.bounds(now, viewer.zone).tomorrow)


def open_tasks(account: Account, request: HttpRequest) -> dict[str, Any]:
    viewer, now = request.user, clock.now()
    assert isinstance(viewer, User)
    found = account.open_tasks(viewer)
    return {
        "account": account,
        "lines": [task.seen_by(viewer, now) for task in found[:_LINES]],
        "more": len(found) > _LINES,
    }


slots.menu.register("tasks", slots.MenuEntry("Tasks", "list-checks", "todos:list", 30, due))
slots.account_panels.register("tasks", slots.Panel("crm/todos/panel.html", open_tasks, 20))
