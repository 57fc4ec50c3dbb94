"""What a customer got out of a month: what they used beside the month before, tickets, their goal. For their report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import ceil
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q

from crm.ledger.rules import add_months
from crm.segments.rules import day_start
from crm.tickets.models import Ticket
from crm.web import clock
from retention.usage.models import UsageDay
from retention.value import rules

#: Features that the report names, those used most.
MOST_FEATURES = 5


def last_month(now: datetime) -> tuple[date, date]:
    """The first days of the month that is over, and of the one that runs."""
    this = clock.today(now).replace(day=1)
    return add_months(this, -1), this


def something_to_tell(argument: str | None, now: datetime) -> Any:
    """Whether they used anything, or a ticket of theirs was solved, in the month that is over."""
    first, after = last_month(now)
    used = UsageDay.objects.filter(account=OuterRef("pk"), day__gte=first, day__lt=after, count__gt=0)
    began, ended = (day_start(day, clock.zone()) for day in (first, after))
    solved = Ticket.objects.filter(account=OuterRef("pk"), solved_at__gte=began, solved_at__lt=ended, is_spam=False)
    return ExpressionWrapper(Q(Exists(used)) | Q(Exists(solved)), output_field=BooleanField())


_USED = """
    SELECT account_id, feature, coalesce(sum(count) FILTER (WHERE day >= %(first)s), 0) AS uses,
        coalesce(sum(count) FILTER (WHERE day < %(first)s), 0) AS before
    FROM retention_usageday
    WHERE account_id = ANY(%(ids)s) AND day >= %(before)s AND day < %(after)s AND count > 0
    GROUP BY account_id, feature ORDER BY account_id, uses DESC, feature
"""
_SOLVED = """
    SELECT account_id, count(*), percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(epoch FROM solved_at - created_at) / 3600)
    FROM crm_ticket
    WHERE account_id = ANY(%(ids)s) AND solved_at >= %(began)s AND solved_at < %(ended)s AND NOT is_spam
        AND merged_into_id IS NULL
    GROUP BY account_id
"""
_GOALS = """
    SELECT id, goal, goal_state FROM crm_account
    WHERE id = ANY(%(ids)s) AND goal <> '' AND goal_state IN ('reached', 'partly')
"""


def facts(account_ids: Sequence[int], now: datetime) -> Mapping[int, dict[str, Any]]:
    """What the report may name, for each account: three queries for all of them."""
    first, after = last_month(now)
    values: dict[str, Any] = {
        "ids": list(account_ids), "first": first, "after": after, "before": add_months(first, -1),
        "began": day_start(first, clock.zone()), "ended": day_start(after, clock.zone()),
    }  # fmt: skip
    told: dict[int, dict[str, Any]] = {pk: {"name": f"{first:%B %Y}", "used": []} for pk in account_ids}
    totals: dict[int, list[int]] = {}
    for pk, feature, uses, before in _rows(_USED, values):
        total = totals.setdefault(pk, [0, 0])
        total[0], total[1] = total[0] + int(uses), total[1] + int(before)
        if uses and len(told[pk]["used"]) < MOST_FEATURES:
            told[pk]["used"].append({"feature": rules.feature_said(feature), "times": int(uses), "before": int(before)})
    for pk, (uses, before) in totals.items():
        told[pk] |= {"uses": uses, "uses_before": before}
    for pk, count, hours in _rows(_SOLVED, values):
        told[pk] |= {"solved": count, "solved_within": within(float(hours))}
    for pk, goal, state in _rows(_GOALS, values):
        told[pk] |= {"goal": goal, "goal_state": state}
    return told


def within(hours: float) -> str:
    """How quickly, as people say it: “half an hour”, “3 hours”, “2 days”; never less than it was."""
    if hours <= 0.5:
        return "half an hour"
    if hours <= 1:
        return "an hour"
    if hours <= 48:
        return f"{ceil(hours)} hours"
    return f"{ceil(hours / 24)} days"


def _rows(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
