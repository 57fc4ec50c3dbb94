"""The page on which a workflow is built: the flow, and beside it the panel of what is being filled in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from crm.team.models import User
from crm.team.permissions import demand
from crm.team.viewer import viewer_of
from retention.workflows.building import checking, drafts, drawing, letters, shapes
from retention.workflows.building.asked import Asked, asked
from retention.workflows.building.checking import OWN_PANELS, Problem
from retention.workflows.building.filled import Form, taken
from retention.workflows.building.models import DraftEdit
from retention.workflows.definition import Definition
from retention.workflows.kinds import step_kinds, trigger_kinds
from retention.workflows.models import Workflow

#: How many of the latest changes the page names.
_NAMED = 5


@dataclass
class Panel:
    """What is open beside the flow. `at` is its name in addresses: step:<id>, trigger, whole, leaving, add."""

    at: str
    title: str
    about: str = ""
    icon: str = "settings"
    inputs: list[Asked] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    save: str = ""
    kind: str = "fields"  # fields, palette, starts
    do: str = ""
    place: str = ""


def panel_of(slug: str, data: dict[str, Any], at: str, place: str = "") -> Panel | None:
    """None for what is not there (any more)."""
    if at == "trigger":
        return _trigger(slug, data)
    if at == "starts":
        return Panel(at, "When does it start?", "What makes customers enter.", "zap", kind="starts")
    if at == "add":
        return Panel(at, "Add a step", "Choose what happens here.", "plus", kind="palette", place=place)
    if at == "whole":
        inputs = asked(Definition, leave_out=frozenset(OWN_PANELS) - {"name", "about"})
        save = reverse("workflows:draft_whole", args=[slug])
        return Panel(
            at, "The whole workflow", "Its name, and rules that hold for all of it.", "settings-2", inputs, data, save
        )
    if at == "leaving":
        inputs = asked(Definition, leave_out=frozenset(Definition.model_fields) - {"goal", "exits"})
        save = reverse("workflows:draft_leaving", args=[slug])
        about = "Whoever reaches the goal, or for whom an exit holds, goes no further."
        return Panel(at, "Goal and leaving early", about, "log-out", inputs, data, save)
    if at.startswith("step:") and (found := shapes.find(data, at.removeprefix("step:"))):
        return _step(slug, at, found[0])
    return None


def _trigger(slug: str, data: dict[str, Any]) -> Panel:
    kind = trigger_kinds.get(str((data.get("trigger") or {}).get("when", "")))
    if kind is None:
        return Panel("starts", "When does it start?", "What makes customers enter.", "zap", kind="starts")
    save = reverse("workflows:draft_trigger", args=[slug])
    return Panel("trigger", kind.label, kind.about, kind.icon, asked(kind.model), data["trigger"], save)


def _step(slug: str, at: str, step: dict[str, Any]) -> Panel:
    kind = step_kinds.get(str(step.get("do", "")))
    save = reverse("workflows:draft_step", args=[slug, step["id"]])
    if kind is None:
        return Panel(at, "Unknown step", "This installation knows no such step. Take it out.", "circle-help", save=save)
    inputs = [one for one in asked(kind.model) if not one.if_set or step.get(str(one.path[-1]))]
    return Panel(at, kind.label, kind.about, kind.icon, inputs, step, save, do=str(step.get("do")))


@never_cache
@require_GET
def builder(request: HttpRequest, slug: str) -> HttpResponse:
    demand(request.user, "manage_workflows")
    workflow = own(slug)
    if workflow.archived_at:
        return redirect("workflows:detail", slug=slug) if workflow.version_id else redirect("workflows:list")
    return page(request, workflow, request.GET.get("at", ""), place=request.GET.get("place", ""))


def own(slug: str) -> Workflow:
    found = Workflow.objects.select_related("version", "drafted_by").filter(slug=slug, recipe="", room="").first()
    if found is None:
        raise Http404("There is no workflow of your own here.")
    return found


def page(
    request: HttpRequest, workflow: Workflow, at: str, *, place: str = "", post: QueryDict | None = None,
    conflict: drafts.Conflict | None = None, part: str = "", status: int = 200,
) -> HttpResponse:  # fmt: skip
    """The whole page, or a `part` of its template. With `post` the panel shows what was just typed."""
    fresh = request.GET.get("fresh") == "1"
    context = desk(workflow, viewer_of(request), at, place, post, fresh=fresh) | {"conflict": conflict, "fresh": fresh}
    return render(request, f"retention/workflows/building/{part or 'page.html'}", context, status=status)


def desk(
    workflow: Workflow, viewer: User, at: str, place: str, post: QueryDict | None, *, fresh: bool = False
) -> dict[str, Any]:
    """`fresh`: what is open was just put in, so that nothing in it can have been forgotten yet."""
    data = drafts.current(workflow)
    problems = checking.problems(data)
    panel = panel_of(workflow.slug, data, at, place)
    has_draft = workflow.draft is not None
    around = (
        workflow.draft_edits.filter(place__gte=workflow.draft_place - _NAMED).select_related("by").order_by("place")
    )
    edits = list(around) if has_draft else []
    behind = [one for one in edits if 0 < one.place <= workflow.draft_place]
    return {
        "workflow": workflow, "data": data, "edition": workflow.draft_edition, "flow": drawing.flow(data, problems),
        "problems": problems, "at": panel.at if panel else "", "panel": panel, "place": place,
        "undo": behind[-1] if behind and _has(edits, workflow.draft_place - 1) else None,
        "redo": next((one for one in edits if one.place == workflow.draft_place + 1), None),
        "has_draft": has_draft, "unpublished": not workflow.version_id, "latest": list(reversed(behind)),
        **_filled(panel, viewer, data, [] if fresh and post is None else problems, post),
    }  # fmt: skip


def _has(edits: list[DraftEdit], place: int) -> bool:
    return any(one.place == place for one in edits)


def _filled(
    panel: Panel | None, viewer: User, data: dict[str, Any], problems: list[Problem], post: QueryDict | None
) -> dict[str, Any]:
    """What the panel's template draws."""
    if panel is None:
        return {}
    if panel.kind == "palette":
        return {"palette": drawing.palette()}
    if panel.kind == "starts":
        return {"starts": drawing.starts(), "when": (data.get("trigger") or {}).get("when", "")}
    holds = panel.data if post is None else taken(panel.inputs, panel.data, post, viewer)
    known = panel.at == "leaving"
    about = [p for p in problems if p.panel == panel.at] if post is None or known else told(panel, holds)
    form = Form(panel.inputs, holds, viewer, about, post)
    speaks = form.has("words")
    asked_for = {".".join(map(str, one.asked.path)) for one in form.all()}
    loose = [
        p.words for p in about if p.field not in asked_for and not any(p.field.startswith(f"{a}.") for a in asked_for)
    ]
    return {
        "form": form, "speaks": speaks, "variables": letters.variables() if speaks else [], "loose": loose,
    }  # fmt: skip


def told(panel: Panel, holds: dict[str, Any]) -> list[Problem]:
    """What is wrong with what was typed, which may not be what is kept."""
    if panel.at == "trigger":
        return list(checking.of_trigger(holds))
    if panel.at.startswith("step:"):
        return list(checking.of_step(holds))
    return [one for one in checking.problems(holds) if one.panel == panel.at]
