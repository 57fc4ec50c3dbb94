"""A person leaves the tasks: what is to be done stays, without their name."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from crm.slots import Person
from crm.timeline.erasing import known_by, naming, without
from crm.todos.models import Task, TaskChange

# What was written about them is theirs whatever it says; in other tasks of the customer their name is taken out.
_FORGET = f"""
    UPDATE {{table}} SET contact_id = CASE WHEN contact_id = %(contact)s THEN NULL ELSE contact_id END,
        body = CASE WHEN contact_id = %(contact)s THEN '' ELSE {without("body")} END,
        title = left({without("title")}, 200)
    WHERE contact_id = %(contact)s
        OR (account_id = ANY(%(accounts)s) AND ({naming("title")} OR {naming("body")}))
"""  # noqa: S608  (columns of ours)


def forget_in_tasks(person: Person, now: datetime) -> None:
    """Their tasks, and those of their customers that name them; then the same tasks as they were before each change,
    this one included."""
    with connection.cursor() as cursor:
        for model in (Task, TaskChange):
            cursor.execute(_FORGET.format(table=model._meta.db_table), known_by(person))
