"""What a workflow does to retention: those who got it beside those who were held out, and what each arm of a split did.

A person counts once, with the first time they entered. Who was a customer on the day they entered is asked again
30, 90 and 180 days later, by the ledger's own spans; whoever has not been in for so long does not count yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from crm.web import clock
from retention.workflows.experiments import rules
from retention.workflows.experiments.holdout import size
from retention.workflows.experiments.models import HoldoutSettings
from retention.workflows.experiments.places import A_PERCENT, EVERYTHING, place_sql
from retention.workflows.experiments.rules import Share, Verdict
from retention.workflows.models import Workflow

HORIZONS = (30, 90, 180)
TREATED, HELD = "treated", "held"
#: So many days after the fact an answer counts as one to it.
ANSWERED_WITHIN = 30

type Query = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """One horizon: how many of each group were still customers, and what may be said of that."""

    days: int
    treated: Share
    held: Share
    verdict: Verdict


def versions(workflow: Workflow) -> tuple[int, list[int]]:
    """The share that is held out, or was last, and the versions that held out just that."""
    rows = list(workflow.versions.order_by("-number").values_list("id", "definition__holdout_percent"))
    percent = next((int(held) for _, held in rows if held), 0)
    return percent, [pk for pk, held in rows if held == percent] if percent else []


def of_workflow(workflow: Workflow) -> Query:
    """account_id, arm and day of those who entered while some were held out. Whoever is held out of everything is in
    neither group: they miss more than this workflow."""
    _, ids = versions(workflow)
    sql = f"""
        SELECT DISTINCT ON (account_id) account_id, CASE WHEN held_out THEN '{HELD}' ELSE '{TREATED}' END AS arm,
            (entered_at AT TIME ZONE %s)::date AS day
        FROM retention_enrollment WHERE workflow_id = %s AND version_id = ANY(%s)
            AND {place_sql(EVERYTHING, "account_id")} >= %s
        ORDER BY account_id, id
    """  # noqa: S608  (SQL of ours)
    return sql, [clock.zone().key, workflow.pk, ids, size() * A_PERCENT]


def of_everything() -> Query:
    """All who were customers when the group of those who get nothing was made, or changed."""
    settings = HoldoutSettings.the_only()
    day = clock.today(settings.since) if settings.since else date.max
    sql = f"""
        SELECT account_id, CASE WHEN {place_sql(EVERYTHING, "account_id")} < %s THEN '{HELD}' ELSE '{TREATED}' END
            AS arm, %s::date AS day
        FROM crm_customerspan WHERE starts_on <= %s AND (ends_on IS NULL OR ends_on > %s)
    """  # noqa: S608  (SQL of ours)
    return sql, [settings.percent * A_PERCENT, day, day, day]


def of_split(workflow: Workflow, step_id: str) -> Query:
    """Whoever came to a split, by the arm that they took first; whoever is held out got nothing of any."""
    sql = """
        SELECT DISTINCT ON (e.account_id) e.account_id, r.detail ->> 'arm' AS arm,
            (r.ran_at AT TIME ZONE %s)::date AS day, e.id AS enrollment_id, e.state, r.ran_at
        FROM retention_steprun r JOIN retention_enrollment e ON e.id = r.enrollment_id
        WHERE e.workflow_id = %s AND r.step_id = %s AND r.detail ? 'arm' AND NOT r.detail ? 'fixed'
            AND NOT e.held_out
        ORDER BY e.account_id, r.id
    """
    return sql, [clock.zone().key, workflow.pk, step_id]


# Both EXISTS are one look into the index by account and start.
_COVERS = """
    EXISTS (SELECT FROM crm_customerspan s WHERE s.account_id = p.account_id AND s.starts_on <= {day}
        AND (s.ends_on IS NULL OR s.ends_on > {day}))
"""
_WAS, _IS = _COVERS.format(day="p.day"), _COVERS.format(day="p.day + h.days")


def shares(people: Query, now: datetime) -> dict[tuple[str, int], Share]:
    """By arm and horizon, in one statement."""
    sql = f"""
        SELECT p.arm, h.days, count(*), count(*) FILTER (WHERE {_IS})
        FROM ({people[0]}) AS p CROSS JOIN unnest(%s::int[]) AS h(days)
        WHERE p.day + h.days <= %s AND {_WAS} GROUP BY 1, 2
    """  # noqa: S608  (SQL of ours)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*people[1], list(HORIZONS), clock.today(now)])
        return {(arm, days): Share(of, kept) for arm, days, of, kept in cursor.fetchall()}


def rows(people: Query, now: datetime) -> list[Row]:
    found, nobody = shares(people, now), Share(0, 0)
    return [
        Row(days, one := found.get((TREATED, days), nobody), other := found.get((HELD, days), nobody),
            rules.compared(one, other))
        for days in HORIZONS
    ]  # fmt: skip


def names(people: Query, arm: str, days: int, kept: bool | None, now: datetime) -> RawSQL:
    """For `filter(pk__in=…)`: who stands behind one figure; `kept` None: all of the group."""
    asked = "" if kept is None else f"AND {'' if kept else 'NOT'} {_IS}"
    sql = f"""
        SELECT p.account_id FROM ({people[0]}) AS p CROSS JOIN (SELECT %s::int AS days) AS h
        WHERE p.arm = %s AND p.day + h.days <= %s AND {_WAS} {asked}
    """  # noqa: S608  (SQL of ours)
    return RawSQL(sql, [*people[1], days, arm, clock.today(now)])  # noqa: S611


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of a split: how many came, reached the goal, answered; and were still customers after 30 days."""

    name: str
    reached: Share
    answered: Share
    kept: Share


def arms(workflow: Workflow, step_id: str, now: datetime) -> list[Arm]:
    people = of_split(workflow, step_id)
    sql = f"""
        SELECT p.arm, count(*), count(*) FILTER (WHERE p.state = 'reached'), count(*) FILTER (WHERE EXISTS (
            SELECT FROM crm_timelineentry t WHERE t.account_id = p.account_id
                AND t.kind IN ('email.received', 'chat.received', 'ticket.replied')
                AND t.occurred_at > p.ran_at AND t.occurred_at <= p.ran_at + make_interval(days => %s)))
        FROM ({people[0]}) AS p GROUP BY 1 ORDER BY 1
    """  # noqa: S608  (SQL of ours)
    with connection.cursor() as cursor:
        cursor.execute(sql, [ANSWERED_WITHIN, *people[1]])
        found: Sequence[Any] = cursor.fetchall()
    kept = shares(people, now)
    return [
        Arm(name, Share(of, reached), Share(of, answered), kept.get((name, HORIZONS[0]), Share(0, 0)))
        for name, of, reached, answered in found
    ]
