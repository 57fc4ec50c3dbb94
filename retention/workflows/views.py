"""The workflow pages: what each does, who is where in it, what it sent, and what was not sent and why."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from itertools import zip_longest
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from crm.outbox.models import MailPolicy, OutboundMessage
from crm.team.permissions import demand
from crm.web import clock, standing
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.returning import next_url
from crm.web.toasts import toast
from retention.workflows import actions, figures, load, published, recipes, wording
from retention.workflows.definition import Definition
from retention.workflows.forms import SettingsForm
from retention.workflows.models import Enrollment, Workflow, WorkflowVersion
from retention.workflows.recipes import RecipeError, said

TABS = {"steps": "Steps", "people": "People", "mail": "Mail", "settings": "Settings", "versions": "Versions"}
#: What the Mail tab can be narrowed to, in the order of its chips.
MAIL = {"": "Everything", "due": "Planned", "sent": "Sent", "skipped": "Not sent", "uncertain": "Uncertain"}
#: The tabs that go on page by page.
PAGED = {"people", "mail"}
#: The Versions tab shows this many.
VERSIONS = 50
PEOPLE = {"": "Everybody"} | dict(Enrollment.State.choices)
#: Only where somebody has come to see the rows behind such a figure.
MAIL_FAILED = {"failed": "Failed"}


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
    """Every recipe, whether it was ever switched on or not."""
    known = {workflow.slug: workflow for workflow in Workflow.objects.select_related("version")}
    counted = figures.of(list(known.values()))
    rows = []
    for slug in recipes.names():
        workflow = known.get(slug) or Workflow(slug=slug)
        plan = _plan(workflow)
        row = {"workflow": workflow, "plan": plan, "trigger": wording.trigger_sentence(plan)}
        rows.append(row | {"figures": counted.get(workflow.pk)})
    return render(request, "retention/workflows/list.html", {"rows": rows, "most": figures.MOST})


@require_GET
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    workflow = _find(slug)
    plan, tab = _plan(workflow), request.GET.get("tab", "steps")
    if tab not in TABS:
        raise Http404
    context = {
        "workflow": workflow, "plan": plan, "tab": tab, "tabs": TABS, "most": figures.MOST,
        "figures": figures.of([workflow]).get(workflow.pk),
        "trigger": wording.trigger_sentence(plan), "who": wording.who(plan), "already": wording.already(plan),
        "noticed": wording.noticed(plan),
    }  # fmt: skip
    try:
        context |= _OF_TAB[tab](request, workflow, plan)
    except BadCursor as error:
        return HttpResponseBadRequest(str(error))
    part = "#rows" if request.htmx and request.GET.get("cursor") and tab in PAGED else ""
    template = f"retention/workflows/{tab}.html{part}" if part else "retention/workflows/detail.html"
    return render(request, template, context)


@admins_post
def activation(request: HttpRequest, slug: str) -> str:
    current = request.POST.get("include_current") == "on"
    workflow = actions.enable(slug, clock.now(), include_current=current)
    return f"{workflow} is on. " + ("Those whom it fits already enter too." if current else "Facts from now on count.")


@admins_post
def deactivation(request: HttpRequest, slug: str) -> str:
    return f"{actions.disable(slug, clock.now())} is off. Nothing of it leaves any more."


@admins_post
def pause(request: HttpRequest, slug: str) -> str:
    workflow = _find(slug)
    return f"{workflow} is paused." if actions.pause(workflow) else f"{workflow} was not on."


@admins_post
def resumption(request: HttpRequest, slug: str) -> str:
    workflow = _find(slug)
    if not actions.resume(workflow, clock.now()):
        return f"{workflow} was not paused."
    return f"{workflow} goes on. Mails that are too late by now are skipped, not sent in a burst."


@admins_post
def configuration(request: HttpRequest, slug: str) -> str:
    form = SettingsForm(recipes.load(slug), {}, request.POST)
    if not form.is_valid():
        raise RecipeError("; ".join(f"{form.fields[name].label}: {errors[0]}" for name, errors in form.errors.items()))
    workflow = actions.configure(slug, form.cleaned_data, clock.now())
    return f"Settings of {workflow} saved. Who is under way finishes on the old ones."


def _find(slug: str) -> Workflow:
    """The workflow, or an unsaved one for a recipe that was never switched on."""
    if workflow := Workflow.objects.select_related("version").filter(slug=slug).first():
        return workflow
    if slug not in recipes.names():
        raise Http404
    return Workflow(slug=slug, name=recipes.load(slug).with_settings({}).name)


def _plan(workflow: Workflow) -> Definition:
    if workflow.version_id:
        return published.of_version(workflow.version_id)
    return recipes.load(workflow.slug).with_settings(workflow.settings)


def _steps(request: HttpRequest, workflow: Workflow, plan: Definition) -> dict[str, Any]:
    standing = figures.standing_at(workflow) if workflow.pk else {}
    return {"ways": _drawn(plan.steps, standing), "leaves": plan.leaves, "policy": MailPolicy.the_only()}


def _drawn(steps: Sequence[Any], standing: dict[str, int]) -> list[dict[str, Any]]:
    """The steps as the page draws them; where it parts, it carries the ways by their words."""
    return [
        {
            "step": step, "line": wording.line(step), "standing": standing.get(step.id, 0),
            "ways": [(word, _drawn(way, standing)) for word, way in wording.ways(step)],
        }
        for step in steps
    ]  # fmt: skip


def _people(request: HttpRequest, workflow: Workflow, plan: Definition) -> dict[str, Any]:
    chosen = request.GET.get("state", "")
    rows = Enrollment.objects.visible_to(request.user).filter(workflow_id=workflow.pk)
    chips = PEOPLE
    if chosen in Enrollment.State.values:
        rows = rows.filter(state=chosen)
    elif chosen in load.NARROWED:
        rows, chips = load.narrowed(rows, chosen, clock.now()), PEOPLE | {chosen: load.NARROWED[chosen]}
    page = keyset_page(rows.select_related("account"), Sort("id", descending=True), request.GET.get("cursor"))
    today = clock.today()
    lines = [{"enrollment": row, "cause": wording.cause(row.facts, today), "next": _next(row)} for row in page.rows]
    return {"lines": lines, "next": page.next, "chips": chips, "chosen": chosen}


def _next(enrollment: Enrollment) -> str:
    """Its next step, by the version that it finishes on."""
    own = published.readable(enrollment.version_id)
    step = own.by_id.get(enrollment.step_id) if own else None
    return wording.line(step).title if step else ""


def _mail(request: HttpRequest, workflow: Workflow, plan: Definition) -> dict[str, Any]:
    chosen = request.GET.get("state", "")
    rows = OutboundMessage.objects.visible_to(request.user).filter(series=workflow.slug)
    chips = MAIL | (MAIL_FAILED if chosen in MAIL_FAILED else {})
    if chosen in chips and chosen:
        rows = rows.filter(state=chosen)
    rows = rows.select_related("account", "contact", "template", "user")
    page = keyset_page(rows, Sort("id", descending=True), request.GET.get("cursor"))
    return {"messages_": page.rows, "next": page.next, "chips": chips, "chosen": chosen}


def _settings(request: HttpRequest, workflow: Workflow, plan: Definition) -> dict[str, Any]:
    return {"form": SettingsForm(recipes.load(workflow.slug), workflow.settings)}


def _versions(request: HttpRequest, workflow: Workflow, plan: Definition) -> dict[str, Any]:
    labels = {name: setting.label for name, setting in recipes.load(workflow.slug).settings.items()}
    versions = list(workflow.versions.order_by("-number")[: VERSIONS + 1]) if workflow.pk else []
    return {"lines": [
        {"version": version, "settings": _settings_since(before, version, labels)}
        for version, before in zip_longest(versions[:VERSIONS], versions[1:])
    ]}  # fmt: skip


def _settings_since(before: WorkflowVersion | None, version: WorkflowVersion, labels: dict[str, str]) -> list[Any]:
    """Each setting with its label, in the recipe's order, and what it was in the version before where that differs."""
    now, old = version.definition.get("settings", {}), (before.definition.get("settings", {}) if before else {})
    order = [name for name in labels if name in now] + [name for name in now if name not in labels]
    return [
        {"label": labels.get(name, name), "value": said(now[name]), "was": said(was), "changed": was != now[name]}
        for name, was in ((name, old.get(name, now[name])) for name in order)
    ]


_OF_TAB = {"steps": _steps, "people": _people, "mail": _mail, "settings": _settings, "versions": _versions}
