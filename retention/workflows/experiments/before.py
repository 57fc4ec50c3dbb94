"""The month before and the month after: how a workflow's people fared around each version. It proves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from crm.web import clock
from retention.workflows.experiments import rules
from retention.workflows.experiments.rules import Share, Verdict
from retention.workflows.models import Workflow

MONTH = timedelta(days=30)
#: So many versions are looked at, the latest first.
VERSIONS = 4

_REACHED = """
    SELECT entered_at >= %(at)s, count(*), count(*) FILTER (WHERE state = 'reached')
    FROM retention_enrollment
    WHERE workflow_id = %(workflow)s AND NOT held_out AND entered_at >= %(at)s - interval '30 days'
        AND entered_at < %(at)s + interval '30 days'
    GROUP BY 1
"""
_STAYED = """
    SELECT count(*), count(*) FILTER (WHERE EXISTS (
        SELECT FROM crm_customerspan t WHERE t.account_id = s.account_id AND t.starts_on <= %(end)s
            AND (t.ends_on IS NULL OR t.ends_on > %(end)s)))
    FROM crm_customerspan s WHERE s.starts_on <= %(start)s AND (s.ends_on IS NULL OR s.ends_on > %(start)s)
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A version, and two shares around it: of those who entered who reached the goal, and of all customers who stayed.

    `whole`: the month after it is over."""

    number: int
    day: date
    whole: bool
    reached_before: Share
    reached_after: Share
    reached: Verdict
    stayed_before: Share
    stayed_after: Share
    stayed: Verdict


def changes(workflow: Workflow, now: datetime) -> list[Change]:
    """Its versions, the latest first; the first one stands for switching it on."""
    found = workflow.versions.order_by("-number").values_list("number", "published_at")[:VERSIONS]
    return [_around(workflow, number, at, now) for number, at in found]


def _around(workflow: Workflow, number: int, at: datetime, now: datetime) -> Change:
    values: dict[str, Any] = {"workflow": workflow.pk, "at": at}
    day, nobody = clock.today(at), Share(0, 0)
    with connection.cursor() as cursor:
        cursor.execute(_REACHED, values)
        reached = {after: Share(of, kept) for after, of, kept in cursor.fetchall()}
        before = _stayed(cursor, day - MONTH, day)
        whole = day + MONTH <= clock.today(now)
        after = _stayed(cursor, day, day + MONTH) if whole else nobody
    first, second = reached.get(False, nobody), reached.get(True, nobody)
    return Change(
        number, day, whole, first, second, rules.compared(second, first), before, after, rules.compared(after, before)
    )


def _stayed(cursor: Any, start: date, end: date) -> Share:
    cursor.execute(_STAYED, {"start": start, "end": end})
    return Share(*cursor.fetchone())
