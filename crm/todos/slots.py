"""What tasks give to other rooms: a menu entry with what is due, and a panel on the customer's page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.http import HttpRequest

from crm import slots
from crm.accounts.models import Account, Contact
from crm.segments.filters import OPERATORS
from crm.team.models import User
from crm.team.viewer import SIGHT
from crm.todos import rules
from crm.todos.bulk_tasks import register_bulk
from crm.todos.erasing import forget_in_tasks
from crm.todos.models import Task
from crm.web import clock
from crm.web.addresses import address
from crm.web.composed import Asked, Composed

_LINES = 6


_due = Composed(
    lambda viewer, now, tomorrow: (
        Task.objects.waiting_for(viewer, now).filter(due_at__lt=tomorrow).values_list("pk")
    ),
    SIGHT, datetime, datetime,
)  # fmt: skip


def due(viewer: User) -> Asked:
    """Tasks of the viewer that are late or due today."""
    now = clock.now()
    return _due.asked(viewer, now, rules.bounds(now, viewer.zone).tomorrow)


def open_tasks(account: Account, request: HttpRequest) -> dict[str, Any]:
    viewer, now = request.user, clock.now()
    assert isinstance(viewer, User)
    found = account.open_tasks(viewer)
    return {
        "account": account,
        "lines": [Task.line(row, viewer, now) for row in found[:_LINES]],
        "more": len(found) > _LINES,
    }


def tasks_about(contact: Contact, request: HttpRequest) -> dict[str, Any]:
    """Open tasks about one person, the first due first."""
    viewer, now = request.user, clock.now()
    assert isinstance(viewer, User)
    rows = Task.objects.visible_to(viewer).open().filter(contact=contact).for_list()
    found = list(rows.order_by("due_at", "id")[: _LINES + 1])
    lines = [task.seen_by(viewer, now) for task in found[:_LINES]]
    return {"account": contact.account, "contact": contact, "lines": lines, "more": len(found) > _LINES}


def overdue(viewer: User, now: datetime, limit: int) -> Any:
    """Customers with a task of the viewer's that is late, the oldest first."""
    late = Task.objects.waiting_for(viewer, now).filter(due_at__lt=now, account__isnull=False)
    return slots.named_rows("task", late.order_by("due_at", "id"), limit, moment=F("due_at"), words=F("title"))


def _late(number: int, due_at: datetime, title: str, now: datetime) -> tuple[str, float, str]:
    days = (now - due_at).days
    words = f"Task {'1 day' if days == 1 else f'{days} days'} late: {title}" if days else f"Task late: {title}"
    return words, rules.lateness_urgency(days), "Do it"


def called(viewer: User, text: str, limit: int) -> list[slots.Found]:
    """Open tasks whose title holds the text, the first due first."""
    if len(text) < 3:  # too short for trigrams
        return []
    holds = OPERATORS["text"]["contains"].sql(F("title"), text, clock.now())
    found = Task.objects.visible_to(viewer).open().filter(Q(holds)).order_by()
    rows = sorted(found.values_list("due_at", "pk", "title", "kind", "account__name")[: limit * 4])[:limit]
    return [
        slots.Found(title, address("todos:detail", pk), Task.ICONS[kind], account or "")
        for _, pk, title, kind, account in rows
    ]


slots.today_rows.register("task", slots.TodayRows(overdue, _late, 30))
slots.search_sources.register("tasks", slots.SearchSource("Tasks", called, order=30))
slots.menu.register("tasks", slots.MenuEntry("Tasks", "list-checks", "todos:list", 30, due))
slots.contact_panels.register("tasks", slots.Panel("crm/todos/panel.html", tasks_about, 20))
slots.account_panels.register("tasks", slots.Panel("crm/todos/panel.html", open_tasks, 20))
slots.owned_rows.register("account_tasks", slots.OwnedRows("crm.Task", "account", ("task", "tasks"), "move", "keep"))
slots.owned_rows.register(
    "contact_tasks",
    slots.OwnedRows(
        "crm.Task", "contact", ("task", "tasks"), "move", forget_in_tasks,
        slots.exported(Task, "contact", "title", "body", "due_at", "done_at", "owner__name", "created_at"),
        told=slots.Told(
            "What we set out to do for you",
            lambda row: f"{row['title']}: {'done' if row['done_at'] else 'not done yet'}", lambda row: row["due_at"],
            lambda row: str(row["body"]), order=70,
        ),
    ),
)  # fmt: skip
register_bulk()
slots.register_facts("Tasks", {"task.done": "Task done", "task.reopened": "Task opened again"}, task=31)
