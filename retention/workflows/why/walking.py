"""What became of one step for somebody: what it did, what was asked before its mail left, or why they never came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.urls import reverse

from crm.outbox import asking, recalling
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.todos.models import Task
from crm.web import clock
from crm.web.wording import day_near
from retention.workflows import wording
from retention.workflows.definition import Definition
from retention.workflows.explanation import happened
from retention.workflows.models import Enrollment, StepRun
from retention.workflows.why.answers import Line, Part

State = OutboundMessage.State

#: So many decisions about one mail are shown.
DECISIONS = 12


@dataclass(frozen=True, slots=True)
class Told:
    headline: str
    gets: bool | None
    part: Part


def walked(ways: Sequence[Enrollment], plan: Definition, step: Any, now: datetime, viewer: User) -> Told | None:
    """Of the latest of their ways that came to this step; else where the latest stands. None: they never entered."""
    if not ways:
        return None
    title, today = wording.line(step).title, clock.today(now)
    runs = StepRun.objects.filter(enrollment__in=[one.pk for one in ways], step_id=step.id)
    run = runs.select_related("enrollment__workflow").order_by("-enrollment_id", "-id").first()
    part = Part("step", title, wording.line(step).icon)
    if run is None:
        headline = _not_there(ways[0], plan, step, today)
        part.lines, part.holds = [Line("Has not run for them", "", False)], False
        return Told(headline, None if ways[0].state == Enrollment.State.ACTIVE else False, part)
    lines = [Line(_when(run.ran_at, today), happened(run, today), None, url=_way(run))]
    mails = OutboundMessage.objects.visible_to(viewer).select_related("template", "contact")
    mail = mails.filter(origin="workflow", origin_id=run.pk).first()
    if mail:
        return _mailed(mail, part, lines, today)
    if run.detail.get("held_out"):
        part.lines, part.holds = [*lines, Line("Held out", "yes, to measure what the workflow does", False)], False
        return Told(f"{run.outcome}.", False, part)
    task = Task.objects.visible_to(viewer).filter(origin="workflow", origin_id=run.pk).first()
    if task:
        lines.append(Line("Task", str(task), True, url=reverse("todos:detail", args=[task.pk])))
    part.lines, part.holds = lines, True
    return Told(f"“{title}” ran for them: {happened(run, today)}.", True, part)


def _not_there(way: Enrollment, plan: Definition, step: Any, today: date) -> str:
    """Why the latest way has not come to the step."""
    if way.state == Enrollment.State.ACTIVE:
        stands = plan.by_id.get(way.step_id)
        at = f" at “{wording.line(stands).title}”" if stands else ""
        return f"They stand{at} until {_when(way.due_at, today)}, and have not come to this step."
    if way.state == Enrollment.State.PARKED:
        return f"They stand still at another step, which failed: {way.ended_because}."
    return f"They never came to this step. Their way ended before, or took another branch: {way.ended_because}."


def _mailed(mail: OutboundMessage, part: Part, lines: list[Line], today: date) -> Told:
    """What was decided about the mail, each time with what was known then."""
    lines.append(Line("Mail", mail.title, None, url=reverse("outbox:detail", args=[mail.pk])))
    for decision in list(mail.decisions.order_by("-id")[:DECISIONS])[::-1]:
        lines.append(Line(_when(decision.at, today), f"{decision.verdict}: {decision.reason}", _good(decision.verdict)))
        if recalling.can_be_asked(decision):
            known = recalling.known(decision)
            lines += [Line(one.label, one.value, one.holds, 1, more=one.then) for one in asking.questions(known)]
    part.lines = lines
    part.holds, headline = _fate(mail, today)
    return Told(headline, part.holds, part)


def _good(verdict: str) -> bool | None:
    return {"sent": True, "sending": True, "skipped": False, "failed": False, "cancelled": False}.get(verdict)


def _fate(mail: OutboundMessage, today: date) -> tuple[bool | None, str]:
    whom = str(mail.reader or "nobody")
    if mail.state == State.SENT:
        return True, f"{whom} got “{mail.title}” on {_when(mail.settled_at or mail.planned_for, today)}."
    if mail.state == State.DUE:
        because = f": {mail.reason}" if mail.reason else ""
        return None, f"“{mail.title}” is planned for {whom}, {_when(mail.due_at, today)}{because}."
    because = f": {mail.reason}" if mail.reason else ""
    return False, f"{whom} did not get “{mail.title}”: {mail.get_state_display().lower()}{because}".rstrip(".") + "."


def _way(run: StepRun) -> str:
    return reverse("workflows:enrollment", args=[run.enrollment.workflow.slug, run.enrollment_id])


def _when(moment: datetime, today: date) -> str:
    local = moment.astimezone(clock.zone())
    return f"{day_near(local.date(), today)}, {local:%H:%M}"
