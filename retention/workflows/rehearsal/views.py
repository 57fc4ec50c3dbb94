"""Asking for a rehearsal and cancelling one. Its page is a tab of the workflow's."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.team.permissions import demand
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast
from retention.workflows.finding import find, plan_of
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
    """Ask for one, of what runs now or would run when it is switched on."""
    workflow = find(slug)
    plan = plan_of(workflow)
    if plan is None:
        raise Http404("Nothing of it is published yet.")
    span = request.POST.get("span", "")
    if span not in Rehearsal.Span.values:
        raise RehearsalError("Choose the next 30 days or the last 90.")
    source = f"version {workflow.version.number}" if workflow.version else "the recipe"
    actions.ask(
        slug, plan, source, span, viewer_of(request), clock.now(),
        include_current=request.POST.get("include_current") == "on",
    )  # fmt: skip
    return ""


@_admins_post
def cancellation(request: HttpRequest, slug: str, pk: int) -> str:
    return "The rehearsal is cancelled." if actions.cancel(slug, pk, clock.now()) else "It was over already."
