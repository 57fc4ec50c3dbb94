"""The page of the group that gets nothing that runs by itself."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from crm.history.toasts import undoable
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock, standing
from crm.web.pagination import BadCursor
from retention.workflows import actions as workflows
from retention.workflows.building.drafts import DraftError
from retention.workflows.experiments import actions, effect, tab, winning
from retention.workflows.experiments.forms import HoldoutForm
from retention.workflows.experiments.models import MOST, HoldoutSettings
from retention.workflows.recipes import RecipeError
from retention.workflows.views import admins_post


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_workflows")
def holdout(request: HttpRequest) -> HttpResponse:
    form = HoldoutForm(request.POST if request.method == "POST" else None, instance=HoldoutSettings.the_only())
    if form.is_bound and form.is_valid():
        done = actions.hold_out(form.cleaned_data["percent"], viewer_of(request), clock.now())
        standing.forget()
        undoable(request, done, "Kept. It counts from now on.")
        return redirect("workflows:holdout")
    now, settings = clock.now(), HoldoutSettings.the_only()
    context: dict[str, Any] = {"form": form, "since": settings.since}
    if settings.since:
        url, people = reverse("workflows:holdout"), effect.of_everything()
        if "arm" in request.GET:
            try:
                context |= tab.names(request, people, now) | {"up": url}
            except BadCursor as error:
                return HttpResponseBadRequest(str(error))
        else:
            context["measured"] = [tab.line(row, url) for row in effect.rows(people, now)]
    return render(request, "retention/workflows/holdout.html", context, status=422 if form.errors else 200)


@admins_post
def held_out(request: HttpRequest, slug: str) -> str:
    """How many of those who enter one workflow get nothing of it."""
    text = request.POST.get("percent", "").strip()
    if not text.isdecimal() or len(text) > 9 or int(text) > MOST:  # Python reads no number of thousands of digits
        raise RecipeError(f"Give a number from 0 to {MOST}. Nothing was changed.")
    workflow = workflows.hold_out(slug, int(text), clock.now())
    if not int(text):
        return f"Nobody who enters {workflow} is held out any more."
    return f"{text} in 100 of those who enter {workflow} from now on are held out."


@admins_post
def winner(request: HttpRequest, slug: str) -> str:
    """All go one way of a split from now on, or all its ways are tried again."""
    step, arm = (request.POST.get(name, "").replace("\0", "") for name in ("step", "arm"))
    try:
        workflow = winning.decide(slug, step, arm, viewer_of(request), clock.now())
    except DraftError as error:
        raise RecipeError(str(error)) from error
    number = workflow.version.number if workflow.version else 1
    who = (
        f"Whoever enters from now on goes the way “{arm}”" if arm else "Whoever enters from now on is drawn a way again"
    )
    return f"Version {number} is published. {who}; the others finish on theirs."
