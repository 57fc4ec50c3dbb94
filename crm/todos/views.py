"""The task pages: what waits for whom, and one verb for each thing that can be done about it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm import slots
from crm.accounts.models import Account
from crm.team.models import User
from crm.team.viewer import viewer_of
from crm.todos import actions, rules
from crm.todos.forms import NewTaskForm, OwnerForm, SnoozeForm, colleagues, customers_like
from crm.todos.models import Task, TaskQuerySet
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.patience import answers_or_asks_to_narrow
from crm.web.returning import next_url
from crm.web.toasts import toast

#: The open sections are always on the page; the others are fetched when somebody opens them.
OPEN = {"late": "Late", "today": "Today", "week": "This week", "later": "Later"}
FOLDED = {"snoozed": "Snoozed", "done": "Done lately"}
_SORTS = {"snoozed": Sort("snoozed_until"), "done": Sort("done_at", descending=True)}
_SIZE = 25


@require_GET
@answers_or_asks_to_narrow("tab", "section")
def task_list(request: HttpRequest) -> HttpResponse:
    """All open sections, or with `section` (and `after`) a page of one."""
    viewer, now = viewer_of(request), clock.now()
    tab, only = request.GET.get("tab", "mine"), request.GET.get("section")
    tabs = _tabs(viewer)
    if tab not in tabs or (only and only not in OPEN | FOLDED):
        raise Http404
    tasks, bounds = _of_tab(tab, viewer), rules.bounds(now, viewer.zone)
    context: dict[str, Any] = {
        "tab": tab,
        "tabs": tabs,
        "only": only,
        "show_owners": tab == "team",
    }
    try:
        pages = [
            _section(tasks, name, bounds, request.GET.get("cursor"), viewer) for name in ([only] if only else OPEN)
        ]
    except BadCursor as error:
        return HttpResponseBadRequest(str(error))
    if request.htmx and only:
        return render(request, "crm/todos/list.html#rows", context | {"section": pages[0]})
    sections = [page for page in pages if page["lines"] or only]
    return render(request, "crm/todos/list.html", context | {"sections": sections, "folded": {} if only else FOLDED})


def _tabs(viewer: User) -> dict[str, str]:
    return {"mine": "Mine"} | ({"pool": "Pool"} if viewer.is_admin else {}) | {"team": "Team"}


def _of_tab(tab: str, viewer: User) -> TaskQuerySet:
    tasks = Task.objects.visible_to(viewer).for_list()
    return {"mine": tasks.filter(owner=viewer), "pool": tasks.filter(owner=None), "team": tasks}[tab]


def _section(tasks: TaskQuerySet, name: str, bounds: rules.Bounds, after: str | None, viewer: User) -> dict[str, Any]:
    page = keyset_page(tasks.in_section(name, bounds), _SORTS.get(name, Sort("due_at")), after, _SIZE)
    lines = [task.seen_by(viewer, bounds.now) for task in page.rows]
    return {"name": name, "label": (OPEN | FOLDED)[name], "lines": lines, "next": page.next, "continued": bool(after)}


@require_http_methods(["GET", "POST"])
def new_task(request: HttpRequest) -> HttpResponse:
    viewer, now = viewer_of(request), clock.now()
    if request.method == "POST":
        form = NewTaskForm(request.POST, viewer=viewer)
        if form.is_valid():
            actions.create([form.task()], now=now)
            toast(request, f"Task made: {form.cleaned_data['title']}")
            return redirect(_back(request))
        return render(request, "crm/todos/new.html", {"form": form, "next": _back(request)}, status=422)
    due = rules.tomorrow_morning(now, viewer.zone).astimezone(viewer.zone)
    initial = {"due_on": due.date(), "due_time": due.time(), "owner": viewer, "customer": _customer(request, viewer)}
    return render(
        request, "crm/todos/new.html", {"form": NewTaskForm(initial=initial, viewer=viewer), "next": _back(request)}
    )


def _customer(request: HttpRequest, viewer: User) -> str:
    """As the form writes the customer of `?account=`; nothing for one that the viewer may not see."""
    number = request.GET.get("account", "")
    account = (
        Account.objects.visible_to(viewer).filter(pk=number).first()
        if number.isdecimal() and len(number) <= 18
        else None
    )
    return f"{account.name} #{account.pk}" if account else ""


@require_GET
def customers(request: HttpRequest) -> HttpResponse:
    """Options for the form's customer field."""
    names = customers_like(request.GET.get("customer", ""), viewer_of(request))
    return render(request, "crm/todos/customers.html", {"names": names})


@require_GET
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One task: its notes, why it exists, and what can be done with it. `part` is `why` or `verbs`, for the lists."""
    task, part = _task(request, pk), request.GET.get("part", "")
    if part not in ("", "why", "verbs"):
        raise Http404
    context: dict[str, Any] = {"line": task.seen_by(viewer_of(request), clock.now()), "next": _back(request)}
    if part != "verbs":
        explain = slots.explainers.get(task.origin)
        context["why"] = explain([task.origin_id]).get(task.origin_id) if explain and task.origin_id else None
    if part != "why":
        context["people"] = colleagues()
    return render(request, f"crm/todos/detail.html{part and f'#{part}'}", context)


@require_POST
def completion(request: HttpRequest, pk: int) -> HttpResponse:
    task = _task(request, pk)
    if actions.complete(task, viewer_of(request), clock.now()):
        undo = f"{reverse('todos:reopening', args=[pk])}?{urlencode({'next': _back(request)})}"
        toast(request, f"Done: {task.title}", undo=undo)
    else:
        toast(request, f"“{task.title}” was done already. Nothing changed.", level=messages.INFO)
    return _changed(request, task)


@require_POST
def reopening(request: HttpRequest, pk: int) -> HttpResponse:
    task = _task(request, pk)
    if actions.reopen(task, viewer_of(request), clock.now()):
        toast(request, f"Open again: {task.title}")
    else:
        toast(request, f"“{task.title}” is open. Nothing changed.", level=messages.INFO)
    return _changed(request, task)


def _changed(request: HttpRequest, task: Task) -> HttpResponse:
    """htmx gets the line as it is now, with what there is to say; a plain form goes back to its page."""
    if not request.htmx:
        return redirect(_back(request))
    show = request.POST.getlist("show")
    line = task.seen_by(viewer_of(request), clock.now())
    context = {"lines": [line], "show_account": "account" in show, "show_owner": "owner" in show}
    return render(request, "crm/todos/changed.html", context)


@require_POST
def snooze(request: HttpRequest, pk: int) -> HttpResponse:
    task, viewer, now, form = _task(request, pk), viewer_of(request), clock.now(), SnoozeForm(request.POST)
    if not form.is_valid():
        return _refused(request, _first_error(form))
    until = form.moment(viewer, now)
    try:
        actions.snooze(task, until, now)
    except actions.TaskError as error:
        return _refused(request, str(error))
    local = until.astimezone(viewer.zone)
    toast(request, f"Snoozed until {local:%A} {local.day} {local:%B}, {local:%H:%M}: {task.title}")
    return redirect(_back(request))


@require_POST
def owner(request: HttpRequest, pk: int) -> HttpResponse:
    task, form = _task(request, pk), OwnerForm(request.POST)
    if not form.is_valid():
        return _refused(request, _first_error(form))
    try:
        actions.assign(task, form.cleaned_data["owner"])
    except actions.TaskError as error:
        return _refused(request, str(error))
    toast(request, f"Now with {form.cleaned_data['owner'] or 'the pool'}: {task.title}")
    return redirect(_back(request))


def _refused(request: HttpRequest, why: str) -> HttpResponse:
    toast(request, why, level=messages.ERROR)
    return redirect(_back(request))


def _task(request: HttpRequest, pk: int) -> Task:
    return get_object_or_404(Task.objects.visible_to(request.user).for_detail(), pk=pk)


def _back(request: HttpRequest) -> str:
    """The page the form stood on, if it is one of ours."""
    return next_url(request, reverse("todos:list"))


def _first_error(form: Any) -> str:
    return next(str(error) for errors in form.errors.values() for error in errors)
