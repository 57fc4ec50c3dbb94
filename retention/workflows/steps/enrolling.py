"""Into another workflow, and out of one. A row of workflows that set each other off ends after a few."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from django.db import connection
from psycopg.types.json import Jsonb
from pydantic import Field

from crm.web import clock
from retention.workflows import published
from retention.workflows.asking import Asks
from retention.workflows.batch import Batch
from retention.workflows.definition import Definition, Step
from retention.workflows.experiments import holdout
from retention.workflows.kinds import Cause, StepKind, step_kinds
from retention.workflows.models import Enrollment, Workflow
from retention.workflows.rules import MOST_DEPTH, TOO_DEEP
from retention.workflows.steps.going import go_on
from retention.workflows.triggers.entering import once
from retention.workflows.wording import Line

Slug = Annotated[str, Asks("workflow"), Field(title="Workflow", min_length=1, max_length=60)]


class _Other(Step):
    workflow: Slug

    def faults(self) -> Iterator[tuple[str, str]]:
        yield from super().faults()
        if not Workflow.objects.filter(slug=self.workflow).exists():
            yield "workflow", f"there is no workflow {self.workflow!r}"


class EnrollStep(_Other):
    """Let the customer into another workflow; this one goes on beside it."""

    do: Literal["enroll"]


class LeaveStep(_Other):
    """Take the customer out of another workflow, wherever they stand in it."""

    do: Literal["leave"]


#: Those who are to enter, as a cause: see `kinds.Cause`.
_CAUSE = """
    SELECT n.account_id, n.contact_id, n.key AS fact, %s::date AS anchor, %s::timestamptz AS due_at,
        %s::timestamptz AS at, n.facts, n.depth
    FROM jsonb_to_recordset(%s) AS n(account_id bigint, contact_id bigint, key text, facts jsonb, depth smallint)
"""

# Whoever is in it already goes on where they are: nobody walks the same way twice at once.
_ENROLL = """
    INSERT INTO retention_enrollment
        (workflow_id, version_id, account_id, contact_id, trigger_key, anchor, facts, state, step_id, visit, due_at,
        attempts, entered_at, ended_because, depth, held_out)
    SELECT %s, %s, cause.account_id, cause.contact_id, cause.fact, cause.anchor, cause.facts, 'active', %s, 1,
        cause.due_at, 0, cause.at, '', cause.depth, {held_out}
    FROM ({cause}) AS cause
    WHERE NOT EXISTS (
        SELECT FROM retention_enrollment present
        WHERE present.account_id = cause.account_id AND present.workflow_id = %s
            AND present.state IN ('active', 'parked'))
    ORDER BY cause.account_id
    ON CONFLICT DO NOTHING
    RETURNING account_id
"""


def enroll(step: EnrollStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    workflow = Workflow.objects.filter(slug=step.workflow).first()
    plan = published.runnable(workflow) if workflow and workflow.state != Workflow.State.OFF else None
    entered: set[int] = set()
    if workflow and plan and workflow.pk != batch.workflow_id:
        shallow = {e.account_id: e for e in enrollments if e.depth < MOST_DEPTH}
        entered = _enter(step, workflow, plan, list(shallow.values()), batch)
    for enrollment in enrollments:
        if workflow is None or plan is None:
            outcome = f"Not enrolled: {workflow or step.workflow} is not on"
        elif enrollment.workflow_id == workflow.pk:
            outcome = "Not enrolled: this is the same workflow"
        elif enrollment.depth >= MOST_DEPTH:
            outcome = f"Not enrolled in {workflow}: {TOO_DEEP}"
        else:
            outcome = _became(workflow, enrollment.account_id in entered, plan)
        batch.ran(enrollment, step, outcome)
        go_on(step, enrollment, batch)


def _became(workflow: Workflow, entered: bool, plan: Definition) -> str:
    if entered:
        return f"Enrolled in {workflow}"
    again = plan.again is None or plan.again.may == "each"
    return f"Was in {workflow} already" + ("" if again else ", or may not enter again yet")


def _enter(
    step: EnrollStep, workflow: Workflow, plan: Definition, rows: Sequence[Enrollment], batch: Batch
) -> set[int]:
    """The accounts of those who are in it now and were not before. Whether somebody may enter again holds here too."""
    new = [
        {
            "account_id": e.account_id, "contact_id": e.contact_id, "depth": e.depth + 1,
            "key": f"step:{e.pk}:{step.id}:{e.visit}",
            "facts": {
                "when": "step", "workflow": batch.definition.name, "enrollment": e.pk, "at": batch.now.isoformat(),
            },
        }
        for e in rows
    ]  # fmt: skip
    cause = Cause(_CAUSE, [clock.today(batch.now), batch.now, batch.now, Jsonb(new)])
    found, values = once(workflow, plan.again, cause)
    held_out = holdout.entering(workflow.pk, plan.holdout_percent, "cause.account_id")
    with connection.cursor() as cursor:
        cursor.execute(
            _ENROLL.format(cause=found, held_out=held_out),
            [workflow.pk, workflow.version_id, plan.steps[0].id, *values, workflow.pk],
        )
        return {account_id for (account_id,) in cursor.fetchall()}


# In the order of their ids, as everybody locks them who waits. Should two batches wait for each other all the same,
# Postgres ends one of them, and it is tried again.
_LEAVE = """
    WITH inside AS MATERIALIZED (
        SELECT id FROM retention_enrollment
        WHERE workflow_id = %(workflow)s AND account_id = ANY(%(accounts)s) AND state IN ('active', 'parked')
            AND id <> ALL(%(own)s)
        ORDER BY id FOR UPDATE)
    UPDATE retention_enrollment e SET state = 'exited', ended_at = %(now)s, ended_because = %(because)s
    FROM inside WHERE e.id = inside.id RETURNING e.account_id
"""


def leave(step: LeaveStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    workflow = Workflow.objects.filter(slug=step.workflow).first()
    left: set[int] = set()
    if workflow and workflow.pk != batch.workflow_id:
        values: dict[str, Any] = {
            "workflow": workflow.pk, "accounts": [e.account_id for e in enrollments], "now": batch.now,
            "own": [e.pk for e in batch.enrollments], "because": f"The workflow {batch.definition.name} took them out",
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_LEAVE, values)
            left = {account_id for (account_id,) in cursor.fetchall()}
    for enrollment in enrollments:
        if workflow is None:
            outcome = f"Took them out of nothing: there is no workflow {step.workflow}"
        else:
            outcome = f"Taken out of {workflow}" if enrollment.account_id in left else f"Was not in {workflow}"
        batch.ran(enrollment, step, outcome)
        go_on(step, enrollment, batch)


def _enroll_line(step: EnrollStep) -> Line:
    return Line("log-in", f"Enrol in {_name(step)}", "If it is on; whoever is in it already goes on where they are.")


def _leave_line(step: LeaveStep) -> Line:
    return Line("log-out", f"Take out of {_name(step)}", "What it has planned and not sent is not sent.")


def _name(step: _Other) -> str:
    found = Workflow.objects.filter(slug=step.workflow).first()
    return f"“{found}”" if found else "a workflow that is gone"


step_kinds.register(
    "enroll",
    StepKind(EnrollStep, enroll, _enroll_line, "Start another workflow", "This one goes on beside it.", "log-in", "Do",
             50, acts=True),
)  # fmt: skip
step_kinds.register(
    "leave",
    StepKind(LeaveStep, leave, _leave_line, "Stop another workflow", "For this customer alone.", "log-out", "Do", 60,
             acts=True),
)  # fmt: skip
