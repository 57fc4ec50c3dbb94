"""Stopping a workflow at once: who would leave and which mail would not, and everybody back again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from crm.history import rules
from crm.history.actions import act, undo
from crm.history.models import Act
from crm.history.undoing import UndoError, Undone
from crm.outbox.actions import close_the_gate
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from retention.workflows import brake, matching, published
from retention.workflows import rules as rules_of_steps
from retention.workflows.changing.resuming import Choice, catch_up
from retention.workflows.models import Enrollment, Workflow, listed

KIND = "workflow.stopped"
BECAUSE = "The workflow was switched off"
#: Customers whose facts are read together when a workflow comes back.
SLICE = 1000


@dataclass(frozen=True)
class Stop:
    """What stopping does: people under way (or stuck) who leave, and planned mails that do not."""

    people: int
    mails: int


def would_stop(workflow: Workflow) -> Stop:
    inside = Enrollment.objects.filter(workflow_id=workflow.pk, state__in=["active", "parked"])
    waiting = OutboundMessage.objects.filter(series=workflow.slug, state=OutboundMessage.State.DUE)
    return Stop(inside.count(), waiting.count())


def stop(workflow: Workflow, by: User | None, now: datetime) -> Stop:
    """Off at once, in the caller's transaction, which holds the workflow's row: nobody enters, nothing of it leaves any
    more, and who is under way or parked has left it. One act, which can be undone.
    """
    # After the workflow, since a sweep or a batch may hold that for seconds and no mail at all could leave meanwhile;
    # and before who is in it, as whoever merges or erases takes them.
    close_the_gate()
    if workflow.state == Workflow.State.OFF:
        return Stop(0, 0)
    was, workflow.state, workflow.paused_at = workflow.state, Workflow.State.OFF, None
    workflow.save(update_fields=["state", "paused_at"])
    with act(KIND, f"switched off “{workflow}”", by, now) as deed, connection.cursor() as cursor:
        mails = would_stop(workflow).mails
        cursor.execute(_ALL_LEAVE, {"workflow": workflow.pk, "now": now, "why": BECAUSE})
        found = Stop(cursor.rowcount, mails)
        deed.detail |= {
            "workflow": workflow.pk, "people": found.people, "mails": mails, "at": now.isoformat(), "was": was,
        }  # fmt: skip
    return found


# In the order of their ids, as everybody locks them who waits.
_ALL_LEAVE = """
    WITH inside AS MATERIALIZED (
        SELECT id FROM retention_enrollment WHERE workflow_id = %(workflow)s AND state IN ('active', 'parked')
        ORDER BY id FOR UPDATE)
    UPDATE retention_enrollment e SET state = 'exited', ended_at = %(now)s, ended_because = %(why)s
    FROM inside WHERE e.id = inside.id
"""


# Back again -------------------------------------------------------------------------------------------------------


def last_stop(workflow: Workflow, now: datetime) -> Act | None:
    """The act that stopped it, while it is off and everybody can be brought back."""
    if workflow.state != Workflow.State.OFF or not workflow.pk:
        return None
    found = Act.objects.filter(kind=KIND, detail__workflow=workflow.pk).order_by("-at", "-id")
    last = found.select_related("by").first()
    return last if last and not last.undone_at and rules.may_still_be_undone(last.at, now) else None


def moment(stopped: Act) -> datetime:
    """When everybody left."""
    return datetime.fromisoformat(stopped.detail["at"])


def bring_back(workflow: Workflow, choice: Choice, by: User | None, now: datetime) -> int:
    """Everybody who was under way goes on where they were, and the choice says what becomes of what came due meanwhile.

    Returns how many came back. Raises UndoError.
    """
    stopped = last_stop(workflow, now)
    if stopped is None:
        raise UndoError("It was not switched off, or too long ago: switch it on, and new customers enter.")
    stopped.detail |= {"how": choice.how, "seconds": choice.over.total_seconds()}
    stopped.save(update_fields=["detail"])
    return undo(stopped, by, now).reverted


_RETURN = """
    WITH back AS MATERIALIZED (
        SELECT e.id FROM retention_enrollment e WHERE e.workflow_id = %(workflow)s AND e.state = 'exited'
            AND e.ended_at = %(at)s AND e.ended_because = %(why)s AND NOT EXISTS (
                SELECT FROM retention_enrollment other WHERE other.account_id = e.account_id
                AND other.workflow_id = e.workflow_id AND other.state IN ('active', 'parked'))
        ORDER BY e.id FOR UPDATE)
    UPDATE retention_enrollment e SET ended_at = NULL,
        state = CASE WHEN e.attempts >= %(parked)s THEN 'parked' ELSE 'active' END,
        ended_because = CASE WHEN e.attempts >= %(parked)s THEN %(failed)s ELSE '' END
    FROM back WHERE e.id = back.id RETURNING e.id
"""


def undone(deed: Act, by: User | None, now: datetime) -> Undone:
    """What the history calls: on again, with everybody who has not come in again by themselves since."""
    workflow = Workflow.objects.select_for_update().get(pk=deed.detail["workflow"])
    if workflow.state != Workflow.State.OFF:
        raise UndoError(f"“{workflow}” has been switched on again since.")
    if workflow.archived_at:
        raise UndoError(f"“{workflow}” has been put away since.")
    close_the_gate()
    at = moment(deed)
    values: dict[str, Any] = {
        "workflow": workflow.pk, "at": at, "why": BECAUSE, "parked": rules_of_steps.MOST_ATTEMPTS,
        "failed": "It had failed before the workflow was switched off",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_RETURN, values)
        ids = sorted(pk for (pk,) in cursor.fetchall())
    choice = Choice.read(deed.detail.get("how", ""), deed.detail.get("seconds"))
    catch_up(workflow, choice, at, now)
    workflow.state, workflow.opened_at, workflow.enabled_at, workflow.swept_until = Workflow.State.ON, now, now, now
    for name, value in brake.OFF.items():
        setattr(workflow, name, value)
    workflow.save()
    for start in range(0, len(ids), SLICE):
        _meet(ids[start : start + SLICE], at, now)
    return Undone(len(ids))


def _meet(ids: list[int], since: datetime, now: datetime) -> None:
    """What they waited for, or what ends their way, may have happened while nobody looked."""
    rows = Enrollment.objects.filter(pk__in=listed(ids)).values_list("version_id", "account_id")
    kinds: set[str] = set()
    for version_id in {version_id for version_id, _ in rows}:
        if plan := published.readable(version_id):
            kinds |= {leave.fact for leave in plan.leaves if leave.fact}
            kinds |= {step.fact for step in plan.by_id.values() if step.do == "await"}
    if kinds:
        entries = TimelineEntry.objects.filter(
            account_id__in=listed([account for _, account in rows]), kind__in=kinds, recorded_at__gte=since
        )
        matching.move_for_facts(list(entries.order_by("id")), now)
