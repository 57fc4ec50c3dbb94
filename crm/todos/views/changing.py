"""What can be done with one task: each a POST to a resource of its own."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.team.viewer import viewer_of
from crm.todos import actions, bulk
from crm.todos.forms import OwnerForm, SnoozeForm
from crm.todos.models import Task
from crm.web import clock, wording
from crm.web.faults import first_fault
from crm.web.returning import next_url
from crm.web.toasts import toast


def task_of(request: HttpRequest, pk: int) -> Task:
    return get_object_or_404(Task.objects.visible_to(request.user).for_detail(), pk=pk)


def back(request: HttpRequest) -> str:
    """The page the form stood on, if it is one of ours."""
    return next_url(request, reverse("todos:list"))


def undo_of(token: str, request: HttpRequest) -> str:
    """Where a verb of `bulk` is taken back."""
    return f"{reverse('todos:bulk_undoing')}?{urlencode({'of': token, 'next': back(request)})}"


@require_POST
def completion(request: HttpRequest, pk: int) -> HttpResponse:
    task = task_of(request, pk)
    if actions.complete(task, viewer_of(request), clock.now()):
        undo = f"{reverse('todos:reopening', args=[pk])}?{urlencode({'next': back(request)})}"
        toast(request, f"Done: {task.title}", undo=undo)
    else:
        toast(request, f"“{task.title}” was done already. Nothing changed.", level=messages.INFO)
    return _changed(request, task)


@require_POST
def reopening(request: HttpRequest, pk: int) -> HttpResponse:
    task = task_of(request, pk)
    if actions.reopen(task, viewer_of(request), clock.now()):
        toast(request, f"Open again: {task.title}")
    else:
        toast(request, f"“{task.title}” is open. Nothing changed.", level=messages.INFO)
    return _changed(request, task)


def _changed(request: HttpRequest, task: Task) -> HttpResponse:
    """htmx gets the line as it is now, with what there is to say; a plain form goes back to its page."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(back(request))
    show = request.POST.getlist("show")
    line = task.seen_by(viewer_of(request), clock.now())
    context = {"lines": [line], "show_account": "account" in show, "show_owner": "owner" in show}
    return render(request, "crm/todos/changed.html", context)


@require_POST
def snooze(request: HttpRequest, pk: int) -> HttpResponse:
    task, viewer, now, form = task_of(request, pk), viewer_of(request), clock.now(), SnoozeForm(request.POST)
    if not form.is_valid():
        return refused(request, first_fault(form))
    until = form.moment(viewer, now)
    if task.done_at:
        return refused(request, "This task is done. Open it again before you snooze it.")
    try:
        _, token = bulk.snooze([task.pk], until, viewer, now)
    except actions.TaskError as error:
        return refused(request, str(error))
    local = until.astimezone(viewer.zone)
    toast(
        request,
        f"Snoozed until {local:%A} {wording.day(local)}, {local:%H:%M}: {task.title}",
        undo=undo_of(token, request),
    )
    return redirect(back(request))


@require_POST
def owner(request: HttpRequest, pk: int) -> HttpResponse:
    task, form = task_of(request, pk), OwnerForm(request.POST)
    if not form.is_valid():
        return refused(request, first_fault(form))
    if task.done_at:
        return refused(request, "This task is done. Open it again before you hand it on.")
    try:
        _, token = bulk.assign([task.pk], form.cleaned_data["owner"], viewer_of(request), clock.now())
    except actions.TaskError as error:
        return refused(request, str(error))
    toast(request, f"Now with {form.cleaned_data['owner'] or 'the pool'}: {task.title}", undo=undo_of(token, request))
    return redirect(back(request))


def refused(request: HttpRequest, why: str) -> HttpResponse:
    toast(request, why, level=messages.ERROR)
    return redirect(back(request))
