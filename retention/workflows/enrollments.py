"""The page of one enrollment: who, why, what each step did, what comes next; and the mending of a parked one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from crm.outbox.models import OutboundMessage
from crm.team.permissions import allows
from crm.team.viewer import viewer_of
from crm.todos.models import Task
from crm.web import clock
from retention.workflows import actions, published, wording
from retention.workflows.definition import Definition, DefinitionError
from retention.workflows.experiments import holdout
from retention.workflows.explanation import happened
from retention.workflows.models import Enrollment, StepRun, Workflow
from retention.workflows.recipes import RecipeError
from retention.workflows.steps.branching import BranchStep
from retention.workflows.views import admins_post

#: So many steps to come are named.
AHEAD = 6


@require_GET
def enrollment(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    rows = Enrollment.objects.visible_to(request.user).select_related("workflow", "version", "account", "contact")
    found = get_object_or_404(rows, pk=pk, workflow__slug=slug)
    plan = _plan(found)
    context = {
        "enrollment": found, "workflow": found.workflow, "plan": plan,
        "cause": wording.cause(found.facts, clock.today()),
        "who": wording.who(plan) if plan else "", "steps": _steps(request, found, plan),
        "ahead": _ahead(found, plan) if plan and found.state == Enrollment.State.ACTIVE else [],
        "verbs": _verbs(request, found), "held_since": _held_since(found),
        "stuck": _stuck(found, plan), "awaits": wording.awaits(plan, found) if plan else "",
        "held_out": holdout.is_held_out(found, holdout.size()),
        "paused": found.workflow.state == Workflow.State.PAUSED, "now": clock.now(),
    }  # fmt: skip
    return render(request, "retention/workflows/enrollment.html", context)


def _verbs(request: HttpRequest, enrollment: Enrollment) -> bool:
    """Whether this viewer may pause them, lead them past a step or take them out, now."""
    inside = enrollment.state in (Enrollment.State.ACTIVE, Enrollment.State.PARKED)
    return inside and enrollment.workflow.state != Workflow.State.OFF and allows(request.user, "steer_people")


def _held_since(enrollment: Enrollment) -> datetime | None:
    return datetime.fromisoformat(enrollment.held["at"]) if enrollment.held else None


def _plan(enrollment: Enrollment) -> Definition | None:
    """Its version; None if it cannot be read any more, which must not hide what has happened."""
    try:
        return published.of_version(enrollment.version_id)
    except DefinitionError:
        return None


def _steps(request: HttpRequest, enrollment: Enrollment, plan: Definition | None) -> list[dict[str, Any]]:
    """What each step did, with the mail and the task it made."""
    runs = list(enrollment.runs.order_by("id"))
    made = {"origin": "workflow", "origin_id__in": [run.pk for run in runs]}
    mails = {
        mail.origin_id: mail
        for mail in OutboundMessage.objects.visible_to(request.user).filter(**made).for_list().order_by("id")
    }
    tasks = {
        task.origin_id: task
        for task in Task.objects.visible_to(request.user).filter(**made).select_related("owner").order_by("id")
    }
    return [
        {
            "run": run, "icon": _icon(plan, run.step_id), "text": _text(run, clock.now()), "mail": mails.get(run.pk),
            "task": tasks.get(run.pk),
        }
        for run in runs
    ]  # fmt: skip


def _text(run: StepRun, now: datetime) -> str:
    text = happened(run, clock.today(now))
    waits = run.kind == "wait" and datetime.fromisoformat(run.detail["until"]) > now
    return text.replace("Waited", "Waits", 1) if waits else text


def _icon(plan: Definition | None, step_id: str) -> str:
    step = plan.by_id.get(step_id) if plan else None
    return wording.line(step).icon if step else "circle"


def _ahead(enrollment: Enrollment, plan: Definition) -> list[wording.Line]:
    """The steps to come, as far as the way is certain: up to the next branch."""
    lines: list[wording.Line] = []
    step_id: str | None = enrollment.step_id
    while step_id and (step := plan.by_id.get(step_id)) and len(lines) < AHEAD:
        lines.append(wording.line(step))
        step_id = None if isinstance(step, BranchStep) else plan.following.get(step_id)
    return lines


def _stuck(enrollment: Enrollment, plan: Definition | None) -> str:
    """The step at which a parked one stands, in words."""
    step = plan.by_id.get(enrollment.step_id) if plan and enrollment.state == Enrollment.State.PARKED else None
    return wording.line(step).title if step else ""


@admins_post
def retry(request: HttpRequest, slug: str, pk: int) -> str:
    found = _visible(request, slug, pk)
    if found.workflow.state == Workflow.State.OFF:
        raise RecipeError("Its workflow is off, so there is nothing to try again. Switch it on first.")
    reason = request.POST.get("reason", "").strip()[:200]
    done = actions.retry(found, reason, viewer_of(request), clock.now())
    return "Tried again within a few seconds." if done else "It was not parked."


@admins_post
def discard(request: HttpRequest, slug: str, pk: int) -> str:
    """A parked customer leaves the workflow, for a reason."""
    found = _visible(request, slug, pk)
    reason = request.POST.get("reason", "").strip()[:200]
    if not reason:
        raise RecipeError("Say why: it is kept with your name. Nothing was changed.")
    done = actions.discard(found, reason, viewer_of(request), clock.now())
    return f"{found.account} has left the workflow." if done else "It was not parked."


def _visible(request: HttpRequest, slug: str, pk: int) -> Enrollment:
    rows = Enrollment.objects.visible_to(request.user).select_related("account", "workflow")
    return get_object_or_404(rows, pk=pk, workflow__slug=slug)
