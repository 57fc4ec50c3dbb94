"""What each kind of step does, for many enrollments at once. A new step is a model in definition.py and a verb here.

A verb gets the step, the enrollments that stand at it and the batch. It notes a run for every enrollment and moves
it: `step_id` to where it goes next (None: the way ends) and `due_at` to when. Steps touch Postgres only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, Func, Value

from crm.accounts.models import Account
from crm.outbox import actions as outbox
from crm.outbox import rendering
from crm.slots import Registry
from crm.web import clock
from crm.web.rules import local_moment
from retention.workflows import rules
from retention.workflows.batch import Batch
from retention.workflows.definition import (
    AwaitStep,
    BranchStep,
    EndStep,
    MessageStep,
    NotifyStep,
    SetStep,
    TaskStep,
    WaitStep,
)
from retention.workflows.leaving import weigh
from retention.workflows.models import Enrollment

Verb = Callable[[Any, Sequence[Enrollment], Batch], None]
steps: Registry[Verb] = Registry("workflow step")

#: A task is due at this hour, its owner's time.
TASK_HOUR = time(9)


def message(step: MessageStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    template_id = outbox.template(step.subject, step.body)
    for enrollment in enrollments:
        reader = batch.reader(enrollment)
        whom = reader.name if reader else "nobody: no e-mail known"
        run = batch.ran(enrollment, step, f"Planned a mail to {whom}", planned=True)
        batch.send(
            run, category=step.category, template_id=template_id, account_id=enrollment.account_id,
            contact_id=reader.pk if reader else None, facts=batch.facts(enrollment), **_when(step, enrollment),
        )  # fmt: skip
        _go_on(step, enrollment, batch)


def notify(step: NotifyStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    template_id = outbox.template(step.subject, step.body)
    for enrollment in enrollments:
        owner = batch.accounts[enrollment.account_id].owner
        if owner is None:
            batch.ran(enrollment, step, "Nobody owns this customer, so there was nobody to tell")
        else:
            run = batch.ran(enrollment, step, f"Planned a mail to {owner.name}", planned=True)
            batch.send(
                run, category="transactional", template_id=template_id, account_id=enrollment.account_id,
                user_id=owner.pk, facts=batch.facts(enrollment), **_when(step, enrollment),
            )  # fmt: skip
        _go_on(step, enrollment, batch)


def _when(step: MessageStep | NotifyStep, enrollment: Enrollment) -> dict[str, Any]:
    """Meant for when the step was due, not for when a late worker came by: lateness counts from there."""
    return {"due_at": enrollment.due_at, "expires_at": enrollment.due_at + timedelta(days=step.late_after_days)}


def wait(step: WaitStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    for enrollment in enrollments:
        zone = batch.zone(enrollment)
        until = _end_of_wait(step, enrollment, zone)
        batch.ran(enrollment, step, "Waited", until=until.isoformat(), zone=zone.key)
        _go_on(step, enrollment, batch)
        enrollment.due_at = until


def _end_of_wait(step: WaitStep, enrollment: Enrollment, zone: ZoneInfo) -> datetime:
    """Counted from when the wait was due to begin, so that a late worker changes nothing. It may have passed."""
    begin = enrollment.due_at
    if step.for_:
        return rules.after(begin, step.for_.days, step.for_.rest, step.for_.at, zone)
    assert step.until is not None
    if step.until.day is None:
        return rules.next_time(begin, step.until.time, zone, step.until.weekday)
    anchor = enrollment.anchor or enrollment.entered_at.astimezone(zone).date()
    return local_moment(anchor + timedelta(days=step.until.day - 1), step.until.time, zone)


def await_(step: AwaitStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    """Whoever meets the fact goes on; whoever does not stays at this step until matching wakes them, or the deadline.

    The days of later steps count from the end of the wait, if there was one.
    """
    told, lasting = batch.told(step.fact), timedelta(days=step.at_most_days)
    for enrollment in enrollments:
        deadline = enrollment.awaits_until or enrollment.due_at + lasting
        begin, known = deadline - lasting, told.get(enrollment.account_id)
        if known is None and batch.now < deadline:
            enrollment.awaits_until = enrollment.due_at = deadline
            continue
        end = rules.end_of_await(enrollment.due_at, begin, deadline, known)
        _note_await(step, enrollment, batch, None if end == begin else end, came=known is not None)
        _go_on(step, enrollment, batch)
        if known is None and step.late:
            enrollment.step_id = step.late[0].id
        enrollment.awaits_until, enrollment.due_at = None, end


def _note_await(step: AwaitStep, enrollment: Enrollment, batch: Batch, until: datetime | None, *, came: bool) -> None:
    if until is None:
        batch.ran(enrollment, step, f"Did not wait: {step.called} was there")
        return
    zone = batch.zone(enrollment)
    outcome = f"Waited for {step.called}" if came else f"Waited in vain for {step.called}"
    batch.ran(enrollment, step, outcome, until=until.isoformat(), zone=zone.key)
    day = until.astimezone(zone).date()
    enrollment.anchor = max(enrollment.anchor or day, day)


def branch(step: BranchStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    weighed = weigh(step.if_, enrollments, batch.now)
    after = batch.definition.following[step.id]
    for enrollment in enrollments:
        holds, seen = weighed[enrollment.account_id]
        batch.ran(enrollment, step, "Took the way “yes”" if holds else "Took the way “no”", seen=seen)
        way = step.then if holds else step.else_
        enrollment.step_id = (way[0].id if way else after) or ""


def task(step: TaskStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    due_at: dict[ZoneInfo, datetime] = {}
    for enrollment in enrollments:
        account, reader = batch.accounts[enrollment.account_id], batch.reader(enrollment)
        title, body = rendering.render(step.title, step.body, batch.facts(enrollment))
        zone = account.owner.zone if account.owner else clock.zone()
        if zone not in due_at:
            due_at[zone] = _morning(step, zone, batch.now)
        run = batch.ran(enrollment, step, f"Task for {account.owner.name if account.owner else 'the admins'}: {title}")
        batch.ask(
            run, title=title, body=body.strip(), due_at=due_at[zone],
            account_id=account.id, contact_id=reader.pk if reader else None,
            owner_id=account.owner.pk if account.owner else None,
        )  # fmt: skip
        _go_on(step, enrollment, batch)


def _morning(step: TaskStep, zone: ZoneInfo, now: datetime) -> datetime:
    """When the owner's day begins, so many days from now; a task of today whose hour has passed is due at once."""
    day = now.astimezone(zone).date() + timedelta(days=step.due_in_days)
    return max(local_moment(day, TASK_HOUR, zone), now)


def change(step: SetStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    accounts = Account.objects.filter(pk__in=[enrollment.account_id for enrollment in enrollments])
    for tag in step.add_tags:
        added = Func(F("tags"), Value(tag), function="array_append")
        accounts.exclude(tags__contains=[tag]).update(tags=added, updated_at=batch.now)
    for tag in step.remove_tags:
        removed = Func(F("tags"), Value(tag), function="array_remove")
        accounts.filter(tags__contains=[tag]).update(tags=removed, updated_at=batch.now)
    done = [f"added the tag {tag}" for tag in step.add_tags] + [f"took off the tag {tag}" for tag in step.remove_tags]
    for enrollment in enrollments:
        batch.ran(enrollment, step, (", ".join(done) or "changed nothing").capitalize())
        _go_on(step, enrollment, batch)


def end(step: EndStep, enrollments: Sequence[Enrollment], batch: Batch) -> None:
    for enrollment in enrollments:
        batch.ran(enrollment, step, step.because)
        enrollment.step_id = ""
        enrollment.ended_because = step.because


def _go_on(step: Any, enrollment: Enrollment, batch: Batch) -> None:
    enrollment.step_id = batch.definition.following[step.id] or ""


_verbs: dict[str, Verb] = {
    "message": message, "notify": notify, "wait": wait, "await": await_, "branch": branch, "task": task,
    "set": change, "end": end,
}  # fmt: skip
for _name, _verb in _verbs.items():
    steps.register(_name, _verb)
