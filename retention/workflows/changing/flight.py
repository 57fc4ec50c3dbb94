"""Who is under way, grouped by where they stand and what they have done: what moving them would do, for each group."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from retention.workflows import published
from retention.workflows.changing.placing import Place, Standing, place
from retention.workflows.definition import Definition
from retention.workflows.models import Workflow

#: SQL: what an enrollment e has done on this visit of its way.
DONE = """SELECT coalesce(array_agg(DISTINCT r.step_id), '{}') AS steps, coalesce(max(r.id), 0) AS latest
    FROM retention_steprun r WHERE r.enrollment_id = e.id AND r.visit = e.visit"""
#: SQL over enrollments e: under way, in another version than this one.
IN_FLIGHT = "e.workflow_id = %(workflow)s AND e.state IN ('active', 'parked') AND e.version_id <> %(version)s"

_GROUPS = f"""
    SELECT e.version_id, e.step_id, coalesce(e.passes, '{{}}')::text, ran.steps, count(*)
    FROM retention_enrollment e CROSS JOIN LATERAL ({DONE}) AS ran WHERE {IN_FLIGHT} GROUP BY 1, 2, 3, 4
"""  # noqa: S608  (constants of ours)


@dataclass(frozen=True)
class Group:
    """People who stand alike, in one version, and where the move would put them. `place`: None, they cannot move."""

    version_id: int
    at: Standing
    count: int
    plan: Definition | None
    place: Place | None


def groups(workflow: Workflow, to: Definition, version_id: int = 0, *, visit_added: bool = False) -> list[Group]:
    """All who are under way in other versions than `version_id`, in one query. Whose version cannot be read stays."""
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, {"workflow": workflow.pk, "version": version_id})
        rows = cursor.fetchall()
    found = []
    for number, step_id, passes, done, count in rows:
        plan, at = published.readable(number), Standing(step_id, frozenset(done), json.loads(passes))
        to_be = place(plan, to, at, visit_added=visit_added) if plan else None
        found.append(Group(number, at, count, plan, to_be))
    return sorted(found, key=lambda group: (-group.version_id, _order(group)))


def _order(group: Group) -> int:
    return list(group.plan.by_id).index(group.at.step_id) if group.plan and group.at.step_id in group.plan.by_id else -1


_PLANNED = f"""
    SELECT r.step_id, e.version_id, count(*) FROM crm_outboundmessage m
    JOIN retention_steprun r ON r.id = m.origin_id JOIN retention_enrollment e ON e.id = r.enrollment_id
    WHERE m.origin = 'workflow' AND m.series = %(slug)s AND m.state = 'due' AND {IN_FLIGHT} GROUP BY 1, 2
"""  # noqa: S608  (constants of ours)


def planned(workflow: Workflow, version_id: int = 0) -> Iterator[tuple[str, int, int]]:
    """Step, version and number of the mails that those under way have been planned, and that have not left."""
    values: dict[str, Any] = {"workflow": workflow.pk, "version": version_id, "slug": workflow.slug}
    with connection.cursor() as cursor:
        cursor.execute(_PLANNED, values)
        yield from cursor.fetchall()
