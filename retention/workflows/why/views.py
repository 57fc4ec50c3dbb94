"""“Why did they get it, and why not?”: for any customer or person, any workflow, and any step of it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.team.permissions import allows
from crm.team.viewer import viewer_of
from crm.web import clock
from retention.workflows.definition import Definition
from retention.workflows.models import Workflow
from retention.workflows.why import finding
from retention.workflows.why.answers import Answer
from retention.workflows.why.finding import NotFound


@require_safe
def why(request: HttpRequest) -> HttpResponse:
    """The page with both pickers. What is typed is looked up at once; a link of each match answers."""
    slug = request.GET.get("workflow", "")
    try:
        of = finding.workflow(slug) if slug else None
        context = asked(request, of)
    except NotFound as error:
        raise Http404(str(error)) from None
    context |= {"options": finding.options(), "slug": slug, "steps": finding.steps(of[1]) if of else []}
    typed = request.htmx and request.GET.get("part") == "matches"
    context["here"] = typed and "tab" in request.GET
    return render(request, f"retention/workflows/why/{'matches' if typed else 'page'}.html", context)


def tab(request: HttpRequest, workflow: Workflow, plan: Definition) -> dict[str, Any]:
    """Of one workflow, on its own page."""
    try:
        context = asked(request, (workflow, plan))
    except NotFound as error:
        raise Http404(str(error)) from None
    return context | {"slug": workflow.slug, "steps": finding.steps(plan), "here": True}


def asked(request: HttpRequest, of: tuple[Workflow, Definition] | None) -> dict[str, Any]:
    """Who is meant and, once both are known, the answer. Raises NotFound."""
    viewer, get = viewer_of(request), request.GET
    text, step = get.get("q", "").replace("\0", "").strip()[:80], get.get("step", "")
    found = finding.matches(viewer, text) if text and not get.get("account") else []
    account_id, contact_id = get.get("account", ""), get.get("contact", "")
    if len(found) == 1 and not request.htmx:
        account_id, contact_id = str(found[0].account_id), str(found[0].contact_id or "")
    who = finding.person(viewer, account_id, contact_id) if account_id else None
    if of and step and step not in of[1].by_id:
        step = ""  # of another workflow, which was chosen before
    answer = finding.answer(viewer, of, who, step, clock.now()) if of and who else None
    return {
        "q": text, "found": found, "account": who and who[0], "contact": who and who[1], "step": step,
        "answer": answer, **_steering(request, of, answer),
    }  # fmt: skip


def _steering(request: HttpRequest, of: tuple[Workflow, Definition] | None, answer: Answer | None) -> dict[str, Any]:
    """Their way that is under way, for whoever may pause it, leave out a step or stop it for them."""
    inside = answer.inside if answer else None
    if not of or inside is None or of[0].state == Workflow.State.OFF or not allows(request.user, "steer_people"):
        return {}
    return {"steered": inside, "next": request.get_full_path()}
