"""The workflow pages: what each does, who is where in it, what it sent, and what was not sent and why."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from crm.home import meter
from crm.team.permissions import demand
from crm.team.viewer import viewer_of
from crm.web import clock, standing
from crm.web.pagination import BadCursor
from crm.web.returning import next_url
from crm.web.toasts import toast
from retention.workflows import actions, figures, recipes, wording
from retention.workflows.changing import stopping
from retention.workflows.finding import draft_of, find, plan_of
from retention.workflows.forms import SettingsForm
from retention.workflows.models import Workflow
from retention.workflows.recipes import RecipeError
from retention.workflows.tabs import FIRST, shown


def admins_post(view: Any) -> Any:
    """Only admins change workflows, and only by POST; a refusal of the recipe is shown, not raised."""

    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, slug: str, **more: Any) -> HttpResponse:
        demand(request.user, "manage_workflows")
        try:
            toast(request, view(request, slug, **more))
            standing.forget()
        except RecipeError as error:
            toast(request, str(error), level=40)
        return redirect(next_url(request, reverse("workflows:detail", args=[slug])))

    return guarded


@require_GET
def workflow_list(request: HttpRequest) -> HttpResponse:
    """What people made here, and every recipe, whether it was ever switched on or not."""
    known = {workflow.slug: workflow for workflow in Workflow.objects.select_related("version")}
    counted = figures.of(list(known.values()))
    rows = []
    own = sorted(
        (w for w in known.values() if w.is_own and not w.archived_at and not w.room), key=lambda w: w.name.casefold()
    )
    for workflow in own + [known.get(slug) or Workflow(slug=slug, recipe=slug) for slug in recipes.names()]:
        plan = plan_of(workflow)
        trigger = wording.trigger_sentence(plan) if plan else ""
        rows.append({
            "workflow": workflow, "plan": plan, "trigger": trigger, "figures": counted.get(workflow.pk),
            "name": plan.name if plan else workflow.name,
        })  # fmt: skip
    groups = [(label, found) for label, found in (
        ("On", [row for row in rows if row["workflow"].state == "on"]),
        ("Paused", [row for row in rows if row["workflow"].state == "paused"]),
        ("Being built", [row for row in rows if row["workflow"].state == "off" and row["workflow"].is_own]),
        ("Ready to switch on", [row for row in rows if row["workflow"].state == "off" and not row["workflow"].is_own]),
    ) if found]  # fmt: skip
    archived = [workflow for workflow in known.values() if workflow.archived_at and not workflow.room]
    context = {
        "groups": groups, "most": figures.MOST, "archived": archived,
        "meter": meter.of(viewer_of(request), clock.now()),
    }  # fmt: skip
    return render(request, "retention/workflows/list.html", context)


@require_GET
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    workflow = find(slug)
    plan, viewer = plan_of(workflow), viewer_of(request)
    if plan is None and request.GET.get("tab") == "rehearsal":
        plan = draft_of(workflow)
    if plan is None:
        if viewer.is_admin:
            return redirect("workflows:builder", slug=slug)
        return render(request, "retention/workflows/unpublished.html", {"workflow": workflow})
    seen = shown(viewer, workflow)
    name = request.GET.get("tab", FIRST)
    if (tab := seen.get(name)) is None:
        raise Http404
    context = {
        "workflow": workflow, "plan": plan, "tab": name, "tabs": seen, "template": tab.template, "most": figures.MOST,
        "figures": figures.of([workflow]).get(workflow.pk),
        "trigger": wording.trigger_sentence(plan), "who": wording.who(plan), "already": wording.already(plan),
        "noticed": wording.noticed(plan), "stopped": stopping.last_stop(workflow, clock.now()),
    }  # fmt: skip
    try:
        context |= tab.context(request, workflow, plan)
    except BadCursor as error:
        return HttpResponseBadRequest(str(error))
    further = tab.paged and request.htmx and request.GET.get("cursor")
    return render(
        request, f"{tab.rows or tab.template}#rows" if further else "retention/workflows/detail.html", context
    )


@admins_post
def activation(request: HttpRequest, slug: str) -> str:
    current = request.POST.get("include_current") == "on"
    workflow = actions.enable(slug, clock.now(), viewer_of(request), include_current=current)
    return f"{workflow} is on. " + ("Those whom it fits already enter too." if current else "Facts from now on count.")


@admins_post
def pause(request: HttpRequest, slug: str) -> str:
    workflow = find(slug)
    return (
        f"{workflow} is paused."
        if actions.pause(workflow, clock.now(), viewer_of(request))
        else f"{workflow} was not on."
    )


@admins_post
def configuration(request: HttpRequest, slug: str) -> str:
    form = SettingsForm(recipes.load(slug), {}, request.POST)
    if not form.is_valid():
        raise RecipeError("; ".join(f"{form.fields[name].label}: {errors[0]}" for name, errors in form.errors.items()))
    workflow = actions.configure(slug, form.cleaned_data, clock.now())
    return f"Settings of {workflow} saved. Who is under way finishes on the old ones."
