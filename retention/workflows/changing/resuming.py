"""How a pause ends. What came due meanwhile is left out, spread over a while, or done now.

Left out: steps that act and whose time came while it stood still are passed over, and it is noted; waits, ways and
ends count as always, so everybody stands where they would stand without the pause. Spread and now: whoever is overdue
goes on at a new time, in the order in which they came due, and is not late then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from crm.history.actions import act
from crm.team.models import User
from crm.web.wording import listed
from retention.workflows import brake, published
from retention.workflows.changing.placing import ahead, onward
from retention.workflows.definition import Definition
from retention.workflows.kinds import step_kinds
from retention.workflows.models import Workflow

SKIP, SPREAD, SEND = "skip", "spread", "send"
CHOICES = {SKIP: "Leave it out", SPREAD: "Spread it", SEND: "Do it all now"}
#: The longest time over which what is overdue can be spread.
LONGEST = timedelta(days=30)


class ResumeError(ValueError):
    """It cannot go on so; the message is for the person who asked."""


@dataclass(frozen=True)
class Choice:
    """What becomes of what is overdue; `over` is for spreading."""

    how: str = SKIP
    over: timedelta = timedelta(days=1)

    def __post_init__(self) -> None:
        if self.how not in CHOICES:
            raise ResumeError(f"Choose one of {', '.join(CHOICES)}.")
        if self.how == SPREAD and not timedelta(hours=1) <= self.over <= LONGEST:
            raise ResumeError(f"Spread it over 1 hour at least, and over {LONGEST.days} days at most.")

    @classmethod
    def read(cls, how: str, seconds: float | None = None) -> Choice:
        """As it was kept. Raises ResumeError."""
        return cls(how or SKIP, timedelta(seconds=seconds) if seconds else timedelta(days=1))


def resume(workflow: Workflow, choice: Choice, by: User | None, now: datetime) -> bool:
    """Go on, in one transaction with what the choice says. False: it was not paused."""
    with transaction.atomic():
        row = Workflow.objects.select_for_update().filter(pk=workflow.pk, state=Workflow.State.PAUSED).first()
        if row is None:
            return False
        label = f"let “{row}” go on; what came due meanwhile: {CHOICES[choice.how].lower()}"
        with act("workflow.resumed", label, by, now, {"workflow": row.pk, "how": choice.how}):
            catch_up(row, choice, row.paused_at or now, now)
            row.state, row.opened_at, row.paused_at = Workflow.State.ON, now, None
            for name, value in brake.OFF.items():
                setattr(row, name, value)
            row.save()
    return True


_SHIFT = """
    WITH overdue AS MATERIALIZED (
        SELECT id FROM retention_enrollment WHERE workflow_id = %(workflow)s AND state = 'active' AND due_at <= %(now)s
        ORDER BY id FOR UPDATE
    ), ranked AS (
        SELECT e.id, row_number() OVER (ORDER BY e.due_at, e.id) - 1 AS place, count(*) OVER () AS many
        FROM retention_enrollment e JOIN overdue ON overdue.id = e.id
    ), placed AS (
        SELECT id, %(now)s + greatest(%(over)s * (place::float8 / many), interval '1 microsecond' * place) AS moment
        FROM ranked
    )
    UPDATE retention_enrollment e SET due_at = placed.moment,
        awaits_until = CASE WHEN e.awaits_until <= %(now)s THEN placed.moment END
    FROM placed WHERE e.id = placed.id
"""


def catch_up(workflow: Workflow, choice: Choice, since: datetime, now: datetime) -> None:
    """What the choice says of all that came due from `since` on; the caller holds the workflow's row and saves it.

    Who waited for a fact that has come goes on as if it came at their new time.
    """
    if choice.how == SKIP:
        workflow.skips_from, workflow.skips_until = since, now
        return
    workflow.skips_from = workflow.skips_until = None
    over = choice.over if choice.how == SPREAD else timedelta(0)
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"workflow": workflow.pk, "now": now, "over": over}
        cursor.execute(_SHIFT, values)


# What it would do -------------------------------------------------------------------------------------------------


@dataclass
class Overdue:
    """What has come due while it stood still: people, and by kind of step what runs for them at once."""

    people: int = 0
    mails: int = 0
    tasks: int = 0
    others: int = 0
    late: int = 0  # of the mails: later than their step lets them be
    planned: int = 0  # mails that were planned before the pause, and wait
    planned_late: int = 0  # … of which too late
    first: datetime | None = None
    steps: Counter[str] = field(default_factory=Counter)

    @property
    def at_once(self) -> str:
        """“5 mails and 1 task”: what runs for them if it is done now; blank where nothing does."""
        named = ((self.mails, "mail"), (self.tasks, "task"), (self.others, "other step"))
        said = [f"{many:,} {word}{'' if many == 1 else 's'}" for many, word in named if many]
        return listed(said)

    @property
    def too_late(self) -> str:
        """“2 of the mails are too late by now”; blank where none is."""
        if not self.late or self.mails == 1:
            return "too late by now" if self.late else ""
        return f"{'all' if self.late == self.mails else f'{self.late:,}'} of the mails too late by now"

    def rate(self, over: timedelta) -> str:
        """“about 12 people an hour”."""
        hours = max(over / timedelta(hours=1), 1)
        each = self.people / hours
        many, per = (each, "an hour") if each >= 1 else (each * 24, "a day")
        return f"about {max(round(many), 1)} {'person' if round(many) <= 1 else 'people'} {per}"


_OVERDUE = """
    SELECT version_id, step_id, floor(extract(epoch FROM %(now)s - due_at) / 86400)::int AS days, count(*), min(due_at)
    FROM retention_enrollment WHERE workflow_id = %(workflow)s AND state = %(state)s AND due_at <= %(now)s
        AND (%(ended)s::timestamptz IS NULL OR ended_at = %(ended)s)
    GROUP BY 1, 2, 3
"""
_PLANNED = """
    SELECT count(*), count(*) FILTER (WHERE expires_at < %(now)s) FROM crm_outboundmessage
    WHERE series = %(slug)s AND state = 'due'
"""


def overdue(workflow: Workflow, now: datetime, *, stopped_at: datetime | None = None) -> Overdue:
    """What would run at once if it went on now; with `stopped_at`, for those who left when it was switched off."""
    found = Overdue()
    values: dict[str, Any] = {
        "workflow": workflow.pk, "now": now, "slug": workflow.slug, "ended": stopped_at,
        "state": "exited" if stopped_at else "active",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_OVERDUE, values)
        for row in cursor.fetchall():
            _count(found, row)
        cursor.execute(_PLANNED, values)
        found.planned, found.planned_late = cursor.fetchone()
    return found


def _count(found: Overdue, row: Sequence[Any]) -> None:
    version_id, step_id, days, count, first = row
    found.people += count
    found.first = min(found.first or first, first)
    plan = published.readable(version_id)
    for step in _at_once(plan, step_id) if plan else ():
        found.steps[step.id] += count
        if late_after := getattr(step, "late_after_days", None):
            found.mails += count
            found.late += count if days >= late_after else 0
        elif step.do == "task":
            found.tasks += count
        else:
            found.others += count


def _at_once(plan: Definition, step_id: str) -> list[Any]:
    """The steps that act before the next wait or parting of ways."""
    found = []
    for name, certain in ahead(plan, onward(step_id, {}), {}).items():
        step = plan.by_id[name]
        if not certain or step.do in ("wait", "await"):
            break
        if passable(step):
            found.append(step)
    return found


def passable(step: Any) -> bool:
    """Whether a step writes to somebody or changes something, so that it is left out when its time has passed."""
    return bool(step.words) or step_kinds[step.do].acts
