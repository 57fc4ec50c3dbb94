"""One customer in a workflow: let them stand still and go on, past a step, or out. Each with a reason, each undone.

Who stands still is due on a day that never comes, and keeps in `held` what they go on with. So whatever ends their way
(a goal, a merge, the workflow's end) finds them as always, and only the engine does not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import UndoError, Undone
from crm.outbox.actions import close_the_gate
from crm.team.models import User
from retention.workflows import published
from retention.workflows.changing.passing import SKIPPED
from retention.workflows.changing.placing import onward
from retention.workflows.models import Enrollment, StepRun, Workflow
from retention.workflows.wording import line

#: When somebody is due who stands still.
NEVER = datetime(9000, 1, 1, tzinfo=UTC)

HELD, RELEASED, SKIPPED_STEP, LEFT = "enrollment.held", "enrollment.released", "enrollment.skipped", "enrollment.left"


class PersonError(ValueError):
    """Not now, or not any more; the message is for the person who asked."""


def hold(enrollment: Enrollment, reason: str, by: User | None, now: datetime) -> Act:
    """They stand still until somebody lets them go on; mail that was planned waits too. Raises PersonError."""

    def change(row: Enrollment) -> str:
        if row.held:
            raise PersonError("They are paused already.")
        row.held = {
            "at": now.isoformat(), "by": str(by or ""), "reason": reason, "due_at": row.due_at.isoformat(),
            "awaits_until": row.awaits_until and row.awaits_until.isoformat(), "step": row.step_id,
        }  # fmt: skip
        row.due_at, row.awaits_until = NEVER, None
        return f"paused {row.account} in “{row.workflow}”"

    return _change(enrollment, HELD, reason, change, by, now)


def release(enrollment: Enrollment, reason: str, by: User | None, now: datetime) -> Act:
    """They go on: at the time that was set, or at once where that has passed. Raises PersonError."""

    def change(row: Enrollment) -> str:
        if not row.held:
            raise PersonError("They are not paused.")
        _go_on(row, now)
        return f"let {row.account} go on in “{row.workflow}”"

    return _change(enrollment, RELEASED, reason, change, by, now)


def _go_on(row: Enrollment, now: datetime) -> None:
    held = row.held or {}
    row.due_at = max(datetime.fromisoformat(held["due_at"]), now)
    until = held.get("awaits_until")
    if until and held.get("step") == row.step_id:
        # It looks at once whether what it waited for has come meanwhile.
        row.awaits_until, row.due_at = datetime.fromisoformat(until), now
    row.held = None


def skip(enrollment: Enrollment, reason: str, by: User | None, now: datetime) -> Act:
    """Past the next step, for good: it will not run for them. What they wait for stays. Raises PersonError."""

    def change(row: Enrollment) -> str:
        plan = published.readable(row.version_id)
        step = plan.by_id.get(row.step_id) if plan else None
        if plan is None or step is None:
            raise PersonError("The step that is next cannot be read any more.")
        said = f"Left out by {by or 'a program'}" + (f": {reason}" if reason else "")
        StepRun.objects.create(
            enrollment=row, step_id=row.step_id, visit=row.visit, kind=SKIPPED, ran_at=now, outcome=said[:300],
            detail={"was": step.do},
        )  # fmt: skip
        row.step_id = onward(plan.following[row.step_id] or "", row.passes or {})
        if row.awaits_until:
            row.awaits_until, row.due_at = None, now
        if row.state == Enrollment.State.PARKED:
            row.state, row.attempts, row.ended_because, row.due_at = Enrollment.State.ACTIVE, 0, "", now
        if not row.step_id:
            row.state, row.ended_at, row.ended_because, row.held = Enrollment.State.DONE, now, "All steps done", None
        return f"left out “{line(step).title}” for {row.account} in “{row.workflow}”"

    return _change(enrollment, SKIPPED_STEP, reason, change, by, now)


def leave(enrollment: Enrollment, reason: str, by: User | None, now: datetime) -> Act:
    """Out of the workflow: no step runs any more, and planned mail does not leave. Raises PersonError."""

    def change(row: Enrollment) -> str:
        because = f"Taken out by {by or 'a program'}" + (f": {reason}" if reason else "")
        row.state, row.ended_at, row.ended_because = Enrollment.State.EXITED, now, because[:300]
        return f"took {row.account} out of “{row.workflow}”"

    return _change(enrollment, LEFT, reason, change, by, now)


# What they share --------------------------------------------------------------------------------------------------

_COLUMNS = (
    "state", "step_id", "due_at", "awaits_until", "held", "ended_at", "ended_because", "attempts", "version_id",
)  # fmt: skip


def _change(
    enrollment: Enrollment, kind: str, reason: str, change: Callable[[Enrollment], str], by: User | None, now: datetime
) -> Act:
    """One act on the locked row of somebody who is under way; it remembers both sides, for its undo."""
    with transaction.atomic():
        close_the_gate()  # before who is in it, as in `workflows.actions.disable`
        row = Enrollment.objects.select_for_update(of=("self",)).get(pk=enrollment.pk)
        if row.state not in (Enrollment.State.ACTIVE, Enrollment.State.PARKED):
            raise PersonError(f"{row.account} is not under way any more: {row.get_state_display().lower()}.")
        if row.workflow.state == Workflow.State.OFF:
            raise PersonError("The workflow is off.")
        before = _columns(row)
        with act(kind, "", by, now) as deed:
            label = change(row)
            row.save(update_fields=[name for name in _COLUMNS if name != "version_id"])
            deed.label = label + (f": {reason}" if reason else "")
            deed.detail = {
                "enrollment": row.pk, "before": before, "after": _columns(row), "reason": reason,
                "run": row.runs.order_by("-id").values_list("id", flat=True).first() if kind == SKIPPED_STEP else None,
            }  # fmt: skip
    return deed


def _columns(row: Enrollment) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in _COLUMNS}


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def undone(deed: Act, by: User | None, now: datetime) -> Undone:
    """As they stood before, unless something has happened to them since."""
    detail = deed.detail
    close_the_gate()
    row = Enrollment.objects.select_for_update(of=("self",)).get(pk=detail["enrollment"])
    if _columns(row) != detail["after"] or (detail["run"] and row.runs.filter(pk__gt=detail["run"]).exists()):
        raise UndoError("Something has happened to them in the workflow since, so this cannot be taken back.")
    if row.workflow.state == Workflow.State.OFF:
        raise UndoError("The workflow has been switched off since.")
    if detail["run"]:
        StepRun.objects.filter(pk=detail["run"], kind=SKIPPED).delete()
    for name, value in detail["before"].items():
        moment = name in ("due_at", "awaits_until", "ended_at") and value
        setattr(row, name, datetime.fromisoformat(value) if moment else value)
    row.save(update_fields=list(detail["before"]))
    return Undone(1)
