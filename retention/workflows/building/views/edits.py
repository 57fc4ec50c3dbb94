"""The edits of a draft, each a small POST; all of them work as plain forms, and come back to the builder's page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.team.permissions import demand
from crm.team.viewer import viewer_of
from crm.web import clock, standing
from crm.web.toasts import toast
from retention.workflows.building import drafts, drawing, shapes
from retention.workflows.building.drafts import Conflict, DraftError
from retention.workflows.building.filled import taken
from retention.workflows.building.shapes import Place
from retention.workflows.building.views import desk
from retention.workflows.kinds import trigger_kinds
from retention.workflows.models import Workflow
from retention.workflows.recipes import RecipeError


def edition_of(request: HttpRequest, workflow: Workflow | None = None) -> int:
    """The draft that somebody looked at; without one, such as from a toast, the draft as it is."""
    text = str(request.POST.get("edition", ""))
    return int(text) if text.isdecimal() and len(text) < 10 else (workflow.draft_edition if workflow else 0)


def at_page(slug: str, at: str = "", **more: str) -> str:
    at = at[:MOST_AT]
    query = urlencode({key: value for key, value in {"at": at, **more}.items() if value})
    return reverse("workflows:builder", args=[slug]) + (f"?{query}" if query else "")


#: What is open beside the flow is a short name; a longer one names nothing.
MOST_AT = 200


def edits(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
    """Admins only, by POST. The view gets the workflow's slug and its edition, and says where to go on.

    Whoever was overtaken sees what others did, with what they typed still in its form.
    """

    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, slug: str, **more: Any) -> HttpResponse:
        demand(request.user, "manage_workflows")
        workflow = desk.own(slug)
        back = str(request.POST.get("at", ""))
        try:
            found = view(request, slug, edition_of(request, workflow), **more)
        except Conflict as error:
            typed = request.POST if request.POST.get("typed") else None
            part = "page.html#desk" if request.htmx else ""
            answer = desk.page(
                request, desk.own(slug), back, post=typed, conflict=error, part=part,
                status=200 if request.htmx else 409,
            )  # fmt: skip
            answer["HX-Retarget"], answer["HX-Reswap"] = "#desk", "outerHTML"
            return answer
        except (DraftError, RecipeError, LookupError) as error:
            said = str(error).strip("'\"")
            toast(request, said if said.endswith((".", "?")) else f"{said}.", level=40)
            found = at_page(slug, back)
        return found if isinstance(found, HttpResponse) else redirect(found)

    return guarded


@edits
def steps(request: HttpRequest, slug: str, edition: int) -> str:
    """Add a step of a kind at a place."""
    try:
        place = Place.read(str(request.POST.get("place", "::0")))
    except ValueError:
        raise DraftError("There is no such place") from None
    made: dict[str, Any] = {}

    def add(data: dict[str, Any]) -> str:
        if sum(1 for _ in shapes.walk(data.get("steps") or [])) >= shapes.MOST_STEPS:
            raise DraftError(f"A workflow has at most {shapes.MOST_STEPS} steps")
        made.update(drawing.new_step(data, str(request.POST.get("do", ""))))
        shapes.put(data, made, place)
        return f"added “{drawing.name_of(made)}”"

    drafts.edit(slug, edition, add, "", viewer_of(request), clock.now())
    return at_page(slug, f"step:{made['id']}", fresh="1")


@edits
def removal(request: HttpRequest, slug: str, edition: int, step: str) -> str:
    def remove(data: dict[str, Any]) -> str:
        return f"took out “{drawing.name_of(shapes.take(data, step))}”"

    drafts.edit(slug, edition, remove, "", viewer_of(request), clock.now())
    toast(request, "Taken out.", undo=reverse("workflows:draft_undo", args=[slug]))
    return at_page(slug)


@edits
def moving(request: HttpRequest, slug: str, edition: int, step: str) -> str:
    by = -1 if request.POST.get("way") == "up" else 1

    def move(data: dict[str, Any]) -> str | None:
        found = shapes.find(data, step)
        moved = shapes.move(data, step, by)
        return f"moved “{drawing.name_of(found[0])}”" if found and moved else None

    drafts.edit(slug, edition, move, f"move:{step}", viewer_of(request), clock.now())
    return at_page(slug, f"step:{step}" if request.POST.get("at") else "", on=step)


@edits
def copying(request: HttpRequest, slug: str, edition: int, step: str) -> str:
    made: dict[str, Any] = {}

    def copy(data: dict[str, Any]) -> str:
        found = shapes.find(data, step)
        if found is None:
            raise DraftError("That step is gone")
        made.update(shapes.copied(data, found[0]))
        shapes.put(data, made, Place(found[1].above, found[1].way, found[1].index + 1))
        return f"copied “{drawing.name_of(made)}”"

    drafts.edit(slug, edition, copy, "", viewer_of(request), clock.now())
    return at_page(slug, f"step:{made['id']}")


@edits
def start(request: HttpRequest, slug: str, edition: int) -> str:
    """Choose the kind of trigger; the filter that was there stays, since it asks about the same customers."""
    when = str(request.POST.get("when", ""))
    if (kind := trigger_kinds.get(when)) is None or kind.room:
        raise DraftError("There is no such start")

    def choose(data: dict[str, Any]) -> str | None:
        was = data.get("trigger") or {}
        if was.get("when") != when:
            data["trigger"] = {"when": when} | ({"where": was["where"]} if was.get("where") else {})
        return f"chose “{kind.label}” as the start"

    drafts.edit(slug, edition, choose, "", viewer_of(request), clock.now())
    return at_page(slug, "trigger", fresh="1")


@edits
def part(request: HttpRequest, slug: str, edition: int, at: str = "", step: str = "") -> HttpResponse | str:
    """What a panel's form holds. By script it is kept as it is typed, and only what shows it is drawn again."""
    at, viewer = at or f"step:{step}", viewer_of(request)

    def change(data: dict[str, Any]) -> str | None:
        panel = desk.panel_of(slug, data, at)
        if panel is None or not panel.save:
            raise DraftError("Somebody has taken that step out")
        made = taken(panel.inputs, panel.data, request.POST, viewer)
        drafts.keepable(made)  # before it is said in words, for which some ask the database
        panel.data.clear()
        panel.data.update(made)
        return f"changed “{panel.title if at in ('whole', 'leaving', 'trigger') else drawing.name_of(panel.data)}”"

    drafts.edit(slug, edition, change, at, viewer, clock.now())
    asked = str(request.POST.get("do", ""))
    if request.htmx and request.POST.get("quietly"):
        return desk.page(request, desk.own(slug), at, post=request.POST, part="saved.html")
    if "|" in asked:
        return desk.page(request, desk.own(slug), at, post=request.POST)
    return at_page(slug, at)


@edits
def undo(request: HttpRequest, slug: str, edition: int) -> str:
    words = drafts.step_back(slug, edition, viewer_of(request), clock.now())
    toast(request, f"Undone: {words}.", undo=reverse("workflows:draft_redo", args=[slug]), again=True)
    return at_page(slug, _still(slug, str(request.POST.get("at", ""))))


@edits
def redo(request: HttpRequest, slug: str, edition: int) -> str:
    words = drafts.step_back(slug, edition, viewer_of(request), clock.now(), forward=True)
    toast(request, f"Done again: {words}.", undo=reverse("workflows:draft_undo", args=[slug]))
    return at_page(slug, _still(slug, str(request.POST.get("at", ""))))


def _still(slug: str, at: str) -> str:
    return at if at and desk.panel_of(slug, drafts.current(desk.own(slug)), at) else ""


@edits
def discarding(request: HttpRequest, slug: str, edition: int) -> str:
    workflow = drafts.discard(slug, edition, viewer_of(request), clock.now())
    toast(request, f"The draft of {workflow} is discarded. What is published stays as it was.")
    return reverse("workflows:detail", args=[slug])


@edits
def publication(request: HttpRequest, slug: str, edition: int) -> str:
    note = str(request.POST.get("note", "")).replace("\0", "").strip()
    workflow = drafts.publish(slug, edition, viewer_of(request), clock.now(), note)
    standing.forget()
    number = workflow.version.number if workflow.version else 1
    after = "Switch it on when you are ready." if workflow.state == Workflow.State.OFF else (
        "Whoever enters from now on takes this version; whoever is under way finishes on theirs."
    )  # fmt: skip
    toast(request, f"Version {number} is published. {after}")
    return reverse("workflows:detail", args=[slug])
