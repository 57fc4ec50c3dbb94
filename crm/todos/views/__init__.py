"""The task pages: what waits for whom, and one verb for each thing that can be done about it."""

from crm.todos.views.changing import completion, owner, reopening, snooze
from crm.todos.views.listing import detail, task_list
from crm.todos.views.making import customers, new_task, quick
from crm.todos.views.several import bulk, bulk_undoing

__all__ = [
    "bulk", "bulk_undoing", "completion", "customers", "detail", "new_task", "owner", "quick", "reopening", "snooze",
    "task_list",
]  # fmt: skip
