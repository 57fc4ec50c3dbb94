"""The list in its sections, and the page of one task."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.http import require_GET

from crm import slots
from crm.team.models import User
from crm.team.viewer import SIGHT, viewer_of
from crm.todos import rules
from crm.todos.forms import colleagues
from crm.todos.models import LINE, Task, TaskQuerySet
from crm.todos.views.changing import back, task_of
from crm.web import clock
from crm.web.composed import Composed
from crm.web.pagination import BadCursor, Page, Sort, cursor_at, keyset_page
from crm.web.patience import answers_or_asks_to_narrow

#: The open sections are always on the page; the others are fetched when somebody opens them.
OPEN = {"late": "Late", "today": "Today", "week": "This week", "later": "Later"}
FOLDED = {"snoozed": "Snoozed", "done": "Done lately"}
_SORTS = {"snoozed": Sort("snoozed_until"), "done": Sort("done_at", descending=True)}
_SIZE = 25
#: More than this is not counted.
_MANY = 99


@require_GET
@answers_or_asks_to_narrow("tab", "section")
def task_list(request: HttpRequest) -> HttpResponse:
    """All open sections, or with `section` (and `cursor`) a page of one. `part=bulk` is what hangs from the bar."""
    viewer, now = viewer_of(request), clock.now()
    tab, only = request.GET.get("tab", "mine"), request.GET.get("section")
    tabs = _tabs(viewer)
    if tab not in tabs or (only and only not in OPEN | FOLDED):
        raise Http404
    if request.GET.get("part") == "bulk":
        return render(request, "crm/todos/bulk_verbs.html", {"people": colleagues()})
    bounds = rules.bounds(now, viewer.zone)
    context: dict[str, Any] = {
        "tab": tab,
        "tabs": tabs,
        "only": only,
        "show_owners": tab == "team",
    }
    try:
        pages = [_section(tab, name, bounds, request.GET.get("cursor"), viewer) for name in ([only] if only else OPEN)]
    except BadCursor as error:
        return HttpResponseBadRequest(str(error))
    if request.htmx and only:  # type: ignore[attr-defined]
        return render(request, "crm/todos/list.html#rows", context | {"section": pages[0]})
    sections = [page for page in pages if page["lines"] or only]
    context |= {"sections": sections, "folded": {} if only else FOLDED, "pool": _in_pool(viewer)}
    return render(request, "crm/todos/list.html", context)


def _tabs(viewer: User) -> dict[str, str]:
    return {"mine": "Mine"} | ({"pool": "Pool"} if viewer.is_admin else {}) | {"team": "Team"}


def _in_pool(viewer: User) -> str:
    """How many open tasks nobody has, for whoever may hand them out; blank for none."""
    if not viewer.is_admin:
        return ""
    some = len(_pool.rows(viewer))
    return f"{_MANY}+" if some > _MANY else str(some or "")


_pool = Composed(
    lambda viewer: Task.objects.visible_to(viewer).open().filter(owner=None).values_list("pk")[: _MANY + 1], SIGHT
)


def _of_tab(tab: str, viewer: User) -> TaskQuerySet:
    tasks = Task.objects.visible_to(viewer)
    return {"mine": tasks.filter(owner=viewer), "pool": tasks.filter(owner=None), "team": tasks}[tab]


def _section(tab: str, name: str, bounds: rules.Bounds, after: str | None, viewer: User) -> dict[str, Any]:
    if name in _MOMENTS and not after:
        page = _first_page(tab, name, bounds, viewer)
    else:
        rows = _of_tab(tab, viewer).in_section(name, bounds).as_lines()
        page = keyset_page(rows, _SORTS.get(name, Sort("due_at")), after, _SIZE)
    lines = [Task.line(row, viewer, bounds.now) for row in page.rows]
    return {"name": name, "label": (OPEN | FOLDED)[name], "lines": lines, "next": page.next, "continued": bool(after)}


#: Of the bounds, those that an open section is asked by.
_MOMENTS = {
    "late": ("now",), "today": ("now", "tomorrow"), "week": ("now", "tomorrow", "monday"), "later": ("now", "monday"),
}  # fmt: skip


def _first_page(tab: str, name: str, bounds: rules.Bounds, viewer: User) -> Page[dict[str, Any]]:
    found = _composed(tab, name).rows(viewer, *(getattr(bounds, moment) for moment in _MOMENTS[name]))
    rows = [dict(zip(LINE, row, strict=True)) for row in found]
    last = rows[_SIZE - 1] if len(rows) > _SIZE else None
    return Page(rows[:_SIZE], cursor_at(last["due_at"], last["id"]) if last else None)


@cache
def _composed(tab: str, name: str) -> Composed:
    def build(viewer: User, *moments: datetime) -> Any:
        known: dict[str, Any] = {"now": None, "tomorrow": None, "monday": None}
        bounds = rules.Bounds(**known | dict(zip(_MOMENTS[name], moments, strict=True)))
        rows = _of_tab(tab, viewer).in_section(name, bounds).order_by("due_at", "id")
        return rows.values_list(*LINE)[: _SIZE + 1]

    return Composed(build, SIGHT, *[datetime] * len(_MOMENTS[name]))


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One task: its notes, why it exists, and what can be done with it. `part` is `why` or `verbs`, for the lists."""
    task, part = task_of(request, pk), request.GET.get("part", "")
    if part not in ("", "why", "verbs"):
        raise Http404
    now = clock.now()
    context: dict[str, Any] = {"line": task.seen_by(viewer_of(request), now), "next": back(request)}
    if part != "verbs":
        explain = slots.explainers.get(task.origin)
        context["why"] = explain([task.origin_id]).get(task.origin_id) if explain and task.origin_id else None
    if part != "why":
        context |= {"people": colleagues(), "later": rules.later_today(now, viewer_of(request).zone)}
    return render(request, f"crm/todos/detail.html{part and f'#{part}'}", context)
