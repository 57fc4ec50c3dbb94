"""How many are where: counts for the pages, each bounded so that a page never counts a million rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count

from retention.workflows.models import Enrollment, Workflow

#: Beyond this a page says “10,000+”.
MOST = 10_000


@dataclass(frozen=True)
class Figures:
    """Of one workflow; a figure of MOST + 1 means more."""

    active: int = 0
    done: int = 0
    reached: int = 0
    exited: int = 0
    parked: int = 0
    sent: int = 0
    skipped: int = 0
    uncertain: int = 0


_PEOPLE = "(SELECT count(*) FROM (SELECT FROM retention_enrollment WHERE workflow_id = w.id AND state = %s LIMIT %s) x)"
_MAIL = "(SELECT count(*) FROM (SELECT FROM crm_outboundmessage WHERE series = w.slug AND state = %s LIMIT %s) x)"
_COLUMNS = [(_PEOPLE, "active"), (_PEOPLE, "done"), (_PEOPLE, "reached"), (_PEOPLE, "exited"), (_PEOPLE, "parked"),
            (_MAIL, "sent"), (_MAIL, "skipped"), (_MAIL, "uncertain")]  # fmt: skip


def of(workflows: Sequence[Workflow]) -> dict[int | None, Figures]:
    """By workflow id, in one query of index look-ups, none of which reads more than MOST rows."""
    counts = ", ".join(column for column, _ in _COLUMNS)
    limits = [value for _, state in _COLUMNS for value in (state, MOST + 1)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT w.id, {counts} FROM retention_workflow w WHERE w.id = ANY(%s)",  # noqa: S608 (constants)
            [*limits, [workflow.pk for workflow in workflows if workflow.pk]],
        )
        return {pk: Figures(*figures) for pk, *figures in cursor.fetchall()}


def standing_at(workflow: Workflow) -> tuple[dict[str, int], int]:
    """Step id → how many wait for it, and how many of all are on an earlier version, among the MOST latest under way.

    One query.
    """
    latest = Enrollment.objects.filter(workflow=workflow, state=Enrollment.State.ACTIVE).order_by("-id")[:MOST]
    rows = Enrollment.objects.filter(pk__in=latest.values("pk")).order_by().values_list("step_id", "version_id")
    standing, behind = dict[str, int](), 0
    for step_id, version_id, how_many in rows.annotate(how_many=Count("pk")):
        standing[step_id] = standing.get(step_id, 0) + how_many
        behind += how_many if version_id != workflow.version_id else 0
    return standing, behind
