"""Who would stand where in the current version, who they are, and the move itself; an old version current again."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from crm.history.toasts import undoable
from crm.team.permissions import demand
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from retention.workflows import published, wording
from retention.workflows.changing import moving as moves
from retention.workflows.changing import preview, restoring
from retention.workflows.changing.flight import Group, groups
from retention.workflows.models import Enrollment, Move, Workflow
from retention.workflows.views import admins_post

_ASKED = ("version", "at", "to", "gains", "loses")


def _found(request: HttpRequest, slug: str) -> Workflow:
    demand(request.user, "manage_workflows")
    found = get_object_or_404(Workflow.objects.select_related("version"), slug=slug)
    if found.version is None:
        raise Http404
    return found


@require_http_methods(["GET", "POST"])
def moving(request: HttpRequest, slug: str) -> HttpResponse:
    """The preview; posted to, everybody under way in an earlier version is moved to the current one."""
    workflow = _found(request, slug)
    added = (request.POST if request.method == "POST" else request.GET).get("added") == "1"
    if request.method == "POST":
        return _move(request, workflow, visit_added=added)
    assert workflow.version_id
    to = published.of_version(workflow.version_id)
    running = Move.objects.filter(workflow=workflow, state=Move.State.RUNNING).first()
    context: dict[str, Any] = {
        "workflow": workflow, "plan": to, "added": added, "running": running,
        "preview": preview.preview(workflow, to, workflow.version_id, visit_added=added),
    }  # fmt: skip
    return render(request, "retention/workflows/changing/moving.html", context)


def _move(request: HttpRequest, workflow: Workflow, *, visit_added: bool) -> HttpResponse:
    made = moves.move_all(workflow.pk, viewer_of(request), clock.now(), visit_added=visit_added)
    more = "" if made.state == Move.State.DONE else " A worker is at it; who is moved already goes on."
    undoable(request, made.act, f"You {made.act.label}.{more}")
    return redirect(f"{reverse('workflows:detail', args=[workflow.slug])}?tab=versions")


@require_GET
def people(request: HttpRequest, slug: str) -> HttpResponse:
    """The names behind one figure of the preview."""
    workflow = _found(request, slug)
    assert workflow.version_id
    to = published.of_version(workflow.version_id)
    added = request.GET.get("added") == "1"
    asked = {name: request.GET[name] for name in _ASKED if name in request.GET}
    numbers = dict(workflow.versions.values_list("pk", "number"))
    fits = preview.which(asked, numbers)
    chosen = [one for one in groups(workflow, to, workflow.version_id, visit_added=added) if fits(one, to)]
    rows = Enrollment.objects.visible_to(request.user).filter(workflow=workflow)
    rows = rows.filter(pk__in=preview.ids_of(workflow, workflow.version_id, chosen)).select_related("account")
    try:
        page = keyset_page(rows, Sort("id", descending=True), request.GET.get("cursor"))
    except BadCursor as error:
        return HttpResponseBadRequest(str(error))
    context: dict[str, Any] = {
        "workflow": workflow, "added": added, "next": page.next, "total": sum(one.count for one in chosen),
        "heading": _heading(asked, chosen, to), "rows": page.rows,
    }  # fmt: skip
    part = "#rows" if request.htmx and request.GET.get("cursor") else ""  # type: ignore[attr-defined]
    return render(request, f"retention/workflows/changing/moving_people.html{part}", context)


def _heading(asked: dict[str, str], chosen: list[Group], to: Any) -> str:
    """What they have in common, in words."""
    plan = next((one.plan for one in chosen if one.plan), None)
    if (step := to.by_id.get(asked.get("gains", ""))) is not None:
        return f"Would come to: {wording.line(step).title}"
    if plan and (step := plan.by_id.get(asked.get("loses", ""))) is not None:
        return f"Would not come to: {wording.line(step).title}"
    if plan and (step := plan.by_id.get(asked.get("at", ""))) is not None:
        return f"Under way before: {wording.line(step).title}"
    return "Everybody under way in earlier versions"


@admins_post
def restoration(request: HttpRequest, slug: str, number: int) -> str:
    workflow = get_object_or_404(Workflow, slug=slug)
    made = restoring.restore(workflow, number, viewer_of(request), clock.now())
    return f"Version {number} is current again, as version {made.number}. Who is under way finishes on theirs."
