"""New workflows, from nothing, from another or from a file; a workflow as a file; put away and brought back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.team.permissions import demand
from crm.team.viewer import viewer_of
from crm.web import clock, standing
from crm.web.toasts import toast
from retention.workflows.building import drafts, files, gallery, making
from retention.workflows.building.drafts import DraftError
from retention.workflows.building.views.edits import at_page
from retention.workflows.finding import find, plan_of
from retention.workflows.models import Workflow
from retention.workflows.places import counted
from retention.workflows.recipes import RecipeError


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Three ways to begin, on one page; each is a form of its own, told apart by `how`."""
    demand(request.user, "manage_workflows")
    wrong: dict[str, str] = {}
    if request.method == "POST":
        how = str(request.POST.get("how", "empty"))
        try:
            workflow = _made(request, how)
        except (DraftError, RecipeError) as error:
            wrong[how] = counted(str(error))
        else:
            return redirect(at_page(workflow.slug, "" if how == "file" else "trigger" if how == "copy" else "starts"))
    own = Workflow.objects.filter(recipe="", room="", archived_at=None, version__isnull=False).order_by("name")
    context: dict[str, Any] = {
        "wrong": {f"of_{how}": words for how, words in wrong.items()}, "typed": request.POST, "own": own[:50],
        "groups": gallery.groups(),
    }  # fmt: skip
    return render(request, "retention/workflows/building/new.html", context, status=422 if wrong else 200)


def _made(request: HttpRequest, how: str) -> Workflow:
    by, now = viewer_of(request), clock.now()
    name = str(request.POST.get("name", "")).replace("\0", "")
    if how == "copy":
        return making.copy_of(str(request.POST.get("source", "")).replace("\0", ""), name, by, now)
    if how == "file":
        return making.from_file(_text(request), by, now)
    return making.begin(name, by, now)


def _text(request: HttpRequest) -> str:
    if upload := request.FILES.get("file"):
        if upload.size is None or upload.size > files.MOST:
            raise RecipeError(f"the file has more than {files.MOST:,} bytes")
        try:
            text: str = upload.read().decode("utf-8-sig")
            return text
        except UnicodeDecodeError as error:
            raise RecipeError(f"the file is no text in UTF-8: byte {error.start}") from error
    if text := str(request.POST.get("text", "")).strip():
        return text
    raise RecipeError("choose a file, or paste what stands in it")


@require_GET
def file(request: HttpRequest, slug: str) -> HttpResponse:
    """What runs, or with ?draft what is being changed, as a file."""
    workflow = find(slug)
    if request.GET.get("draft"):
        demand(request.user, "manage_workflows")
        data: dict[str, Any] | None = drafts.current(workflow) if workflow.is_own else None
    else:
        plan = plan_of(workflow)
        data = plan.model_dump(mode="json", by_alias=True, exclude_none=True) if plan else None
    if data is None:
        toast(request, "Nothing of it is published yet.", level=40)
        return redirect("workflows:list")
    answer = HttpResponse(files.written(data), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{slug}.yaml"'
    return answer


@require_POST
def archiving(request: HttpRequest, slug: str) -> HttpResponse:
    return _put(request, slug, "archive", "is archived. It stands at the foot of the list.")


@require_POST
def restoring(request: HttpRequest, slug: str) -> HttpResponse:
    return _put(request, slug, "bring_back", "is back. It is off until you switch it on.")


def _put(request: HttpRequest, slug: str, verb: str, words: str) -> HttpResponse:
    demand(request.user, "manage_workflows")
    try:
        workflow = getattr(making, verb)(slug, viewer_of(request), clock.now())
    except DraftError as error:
        toast(request, str(error), level=40)
    else:
        standing.forget()
        back = "workflows:restoring" if verb == "archive" else "workflows:archiving"
        toast(request, f"{workflow} {words}", undo=reverse(back, args=[slug]))
    return redirect("workflows:list")
