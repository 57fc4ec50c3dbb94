"""How the workflows stand: who is due in each, who is late, who waits because it is paused, and who is parked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, Q
from django.urls import reverse

from crm.outbox.models import Switch
from crm.slots import LATE, MOST, Load, Repair, Trouble, Verb
from retention.workflows import actions, brake, engine
from retention.workflows.models import WAITING_SINCE, Enrollment, EnrollmentQuerySet, waited_since_before

_MOVES = f"(w.state = 'on' AND NOT {brake.IS_ON} AND {engine.MOVES})"

_SELECT = f"""
    SELECT w.slug AS grp, w.name AS label, CASE WHEN {_MOVES} THEN ripe.n ELSE 0 END AS due,
        CASE WHEN {_MOVES} THEN ripe.late ELSE 0 END AS late,
        CASE WHEN {_MOVES} THEN 0 ELSE ripe.n END AS held, parked.n AS parked, unsure.n AS uncertain,
        failed.n AS failed, CASE WHEN {_MOVES} THEN ripe.oldest END AS oldest_due,
        CASE w.state WHEN 'paused' THEN 'The workflow is paused.' WHEN 'off' THEN 'The workflow is off.'
            ELSE CASE WHEN NOT ({engine.MOVES}) THEN 'Everything automatic is stopped.'
                WHEN {brake.IS_ON} THEN 'Every batch fails, so one is tried a minute. ' || w.stumbled_over
                ELSE '' END
        END AS because
    FROM retention_workflow w
    CROSS JOIN LATERAL (
        SELECT count(*) AS n, count(*) FILTER (WHERE since < %s) AS late, min(since) AS oldest FROM (
            SELECT {WAITING_SINCE} AS since FROM retention_enrollment e
            WHERE workflow_id = w.id AND e.state = 'active' AND due_at <= %s
            ORDER BY due_at LIMIT {MOST + 1}) AS r) AS ripe
    CROSS JOIN LATERAL (SELECT count(*) AS n FROM (
        SELECT FROM retention_enrollment WHERE workflow_id = w.id AND state = 'parked' LIMIT {MOST + 1}) AS p) AS parked
    CROSS JOIN LATERAL (SELECT count(*) AS n FROM (
        SELECT FROM crm_outboundmessage WHERE series = w.slug AND state = 'uncertain' LIMIT {MOST + 1}) AS u) AS unsure
    CROSS JOIN LATERAL (SELECT count(*) AS n FROM (
        SELECT FROM crm_outboundmessage WHERE series = w.slug AND state = 'failed' LIMIT {MOST + 1}) AS f) AS failed
    WHERE w.version_id IS NOT NULL
"""  # noqa: S608  (constants of ours)

#: What the People tab calls the figures that are no states of their own.
NARROWED = {"due": "Due now", "late": "Late", "held": "Waiting"}


def select(now: datetime) -> tuple[str, Sequence[Any]]:
    return _SELECT, [now - LATE, now]


def narrowed(rows: EnrollmentQuerySet, figure: str, now: datetime) -> EnrollmentQuerySet:
    """Enrollments of a running workflow that are `due` or `late`; those that would be, if it moved, are `held`."""
    ripe = rows.active().filter(due_at__lte=now)
    stopped = Switch.objects.filter(scope="automatic")
    moves = Q(workflow__state="on", workflow__stumbles__lt=brake.IN_A_ROW) & Q(~Exists(stopped))
    if figure == "held":
        return ripe.exclude(moves)
    due = ripe.filter(moves)
    return due.filter(waited_since_before(now - LATE)) if figure == "late" else due


def address(group: str, figure: str) -> str:
    tab = "mail" if figure in ("uncertain", "failed") else "people"
    return f"{reverse('workflows:detail', args=[group])}?tab={tab}&state={figure}"


def _find(limit: int, below: int | None = None) -> list[Trouble]:
    parked = Enrollment.objects.filter(state=Enrollment.State.PARKED).select_related("account", "workflow")
    parked = parked.filter(pk__lt=below) if below else parked
    return [
        Trouble(
            row.pk, str(row.account), reverse("workflows:enrollment", args=[row.workflow.slug, row.pk]),
            row.ended_because, row.parked_at, f"in {row.workflow}, at step {row.step_id}",
        )
        for row in parked.order_by("-id")[:limit]
    ]  # fmt: skip


def waiting_words(load: Load) -> str:
    """Who waits, inside a sentence."""
    return f"customers in the workflow “{load.label}”"


PARKED = Repair(
    "Customers parked in a workflow", "A step failed for them again and again; they stand still where it failed.",
    "parked", "workflows", _find,
    {
        "again": Verb("Try again", "Tried again", actions.retry_many, tone="primary"),
        "discard": Verb(
            "Discard", "Taken out of their workflow", actions.discard_many, tone="danger",
            asks="They leave the workflow, and the steps that are left do not run. It cannot be taken back.",
        ),
    },
    order=30,
)  # fmt: skip
