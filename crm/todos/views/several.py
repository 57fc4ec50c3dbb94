"""What is done to the tasks that somebody ticked, and how it is taken back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from crm.team.viewer import viewer_of
from crm.todos import actions
from crm.todos import bulk as verbs
from crm.todos.forms import OwnerForm, SnoozeForm
from crm.todos.views.changing import back, refused, undo_of
from crm.web import clock
from crm.web.faults import first_fault
from crm.web.toasts import toast


@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """`verb` is complete, snooze (with `until`) or assign (with `owner`); `ids` are tasks."""
    ids = [int(pk) for pk in request.POST.getlist("ids") if pk.isascii() and pk.isdecimal() and len(pk) < 19]
    if not ids:
        return refused(request, "Tick the tasks first. x ticks the one in focus.")
    try:
        said, token = _done(request, ids)
    except (actions.TaskError, ValueError) as error:
        return refused(request, str(error))
    toast(request, said, undo=undo_of(token, request))
    return redirect(back(request))


def _done(request: HttpRequest, ids: list[int]) -> tuple[str, str]:
    viewer, now = viewer_of(request), clock.now()
    match request.POST.get("verb") or request.GET.get("verb"):
        case "complete":
            count, token = verbs.complete(ids, viewer, now)
            return f"{_tasks(count)} done", token
        case "snooze":
            until = _valid(SnoozeForm(request.POST)).moment(viewer, now)
            count, token = verbs.snooze(ids, until, viewer, now)
            local = until.astimezone(viewer.zone)
            return f"{_tasks(count)} snoozed until {local:%A} {local.day} {local:%B}, {local:%H:%M}", token
        case "assign":
            owner = _valid(OwnerForm(request.POST)).cleaned_data["owner"]
            count, token = verbs.assign(ids, owner, viewer, now)
            return f"{_tasks(count)} now with {owner or 'the pool'}", token
    raise ValueError("Choose what shall be done with the tasks.")


def _valid(form: Any) -> Any:
    if not form.is_valid():
        raise ValueError(first_fault(form))
    return form


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"


@require_POST
def bulk_undoing(request: HttpRequest) -> HttpResponse:
    """Take back what the token in the address (`of`) stands for."""
    try:
        undone = verbs.undo(request.GET.get("of", ""), viewer_of(request), clock.now())
    except verbs.NothingToUndo as error:
        return refused(request, str(error))
    them = "it" if undone.kept == 1 else "them"
    changed = f" {_tasks(undone.kept)} stayed, because somebody has changed {them} since." if undone.kept else ""
    how = "taken away again" if undone.verb == "make" else "as before"
    toast(request, f"{_tasks(undone.back)} {how}.{changed}")
    return redirect(back(request))
