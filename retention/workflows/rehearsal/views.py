"""Asking for a rehearsal and cancelling one. Its page is a tab of the workflow's."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.team.permissions import demand
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast
from retention.workflows.definition import Definition
from retention.workflows.finding import draft_of, find, plan_of
from retention.workflows.models import Workflow
from retention.workflows.rehearsal import actions
from retention.workflows.rehearsal.actions import RehearsalError
from retention.workflows.rehearsal.models import Rehearsal


def _admins_post(view: Any) -> Any:
    """Only admins, and only by POST; a refusal is shown, not raised."""

    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, slug: str, **more: Any) -> HttpResponse:
        demand(request.user, "manage_workflows")
        try:
            if said := view(request, slug, **more):
                toast(request, said)
        except RehearsalError as error:
            toast(request, str(error), level=40)
        return redirect(reverse("workflows:detail", args=[slug]) + "?tab=rehearsal")

    return guarded


@_admins_post
def rehearsals(request: HttpRequest, slug: str) -> str:
    """Ask for one, of what runs now or would run when it is switched on; or of the draft."""
    workflow = find(slug)
    plan, source = _asked_of(workflow, request.POST.get("of", ""))
    span = request.POST.get("span", "")
    if span not in Rehearsal.Span.values:
        raise RehearsalError("Choose the next 30 days or the last 90.")
    actions.ask(
        slug, plan, source, span, viewer_of(request), clock.now(),
        include_current=request.POST.get("include_current") == "on",
    )  # fmt: skip
    return ""


def _asked_of(workflow: Workflow, of: str) -> tuple[Definition, str]:
    """What is to be played, and what it is called."""
    plan = plan_of(workflow)
    if of == "draft" or plan is None:
        if (plan := draft_of(workflow)) is None:
            raise RehearsalError("The draft is not finished: the builder says what is missing, and where.")
        return plan, "the draft"
    return plan, f"version {workflow.version.number}" if workflow.version else "the recipe"


@_admins_post
def cancellation(request: HttpRequest, slug: str, pk: int) -> str:
    return "The rehearsal is cancelled." if actions.cancel(slug, pk, clock.now()) else "It was over already."
