"""Whom a colleague gives tasks, is told: once for all that came at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from crm.outbox.notifications import notify
from crm.team.models import User


def given(tasks: Sequence[tuple[Any, ...]], now: datetime) -> None:
    """`tasks` are (id, title, owner id, id of who gave it). Nobody is told of what they gave themselves."""
    if not tasks:
        return
    by_pair: defaultdict[tuple[int, int], list[tuple[Any, ...]]] = defaultdict(list)
    for task in tasks:
        by_pair[(task[2], task[3])].append(task)
    givers = User.objects.in_bulk({giver for _, giver in by_pair})
    for (owner_id, giver_id), together in sorted(by_pair.items()):
        giver, (pk, title, *_) = givers[giver_id], together[0]
        if len(together) == 1:
            text, url = f"{giver} gave you a task: {title}", reverse("todos:detail", args=[pk])
        else:
            text, url = f"{giver} gave you {len(together)} tasks", reverse("todos:list")
        notify([owner_id], "task.assigned", text, url, now, by=giver)
