"""One act: what it changed, how far it is, what an undo kept; and the two verbs, undo and stop."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from crm.history import changes, runs, sentences
from crm.history.actions import UndoError, begin_undo, can_undo
from crm.history.models import Act, ActQuerySet, Run
from crm.history.outcomes import kept_by
from crm.history.toasts import undoable
from crm.slots import filter_subjects
from crm.team.models import User
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.returning import is_ours, next_url
from crm.web.toasts import toast

#: Changes that the page of an act names.
NAMED = 50


def _seen_by(viewer: User) -> ActQuerySet:
    return Act.objects.for_reading().visible_to(viewer)


@require_safe
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """For htmx only how far it is, while it is at work."""
    viewer, now = viewer_of(request), clock.now()
    found = get_object_or_404(_seen_by(viewer), pk=pk)
    run = Run.objects.filter(act=found).defer("ids").first()
    if request.htmx and run and not run.is_over:
        return render(request, "crm/history/act.html#progress", {"act": found, "run": run})
    shown = changes.of_acts([found], viewer, NAMED).get(found.pk, [])
    context = {
        "act": found, "run": run, "now": now,
        "sentence": sentences.of_act(found, shown), "changes": [_line(change) for change in shown],
        "many": max((change.more for change in shown), default=0) > NAMED,
        "may_undo": can_undo(found, viewer, now) and not (run and not run.is_over),
        "kept": (kept := kept_by(found, viewer)), "unnamed": (unnamed := found.detail.get("unnamed", 0)),
        "kept_count": len(kept) + unnamed,
    }  # fmt: skip
    return render(request, "crm/history/act.html", context)


def _line(change: changes.Changed) -> dict[str, Any]:
    subject = filter_subjects.get(change.subject)
    linked = change.there and subject and hasattr(subject.model, "get_absolute_url")
    return {
        "record": change.record, "deleted": change.deleted, "fields": change.fields,
        "url": subject.model(pk=change.pk).get_absolute_url() if linked and subject else "",
    }  # fmt: skip


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it back, and show what was kept; a plain success only says so."""
    viewer, now = viewer_of(request), clock.now()
    found = get_object_or_404(_seen_by(viewer), pk=pk)
    try:
        undoing = begin_undo(found, viewer, now)
    except UndoError as refusal:
        toast(request, str(refusal), level=messages.ERROR)
        return redirect(_back(request, found))
    if undoing.detail.get("kept") or Run.objects.filter(act=undoing).exists():
        return redirect("history:act", undoing.pk)
    undoable(request, undoing, "Undone." if undoing.turns % 2 else "Done again.")
    return redirect(_back(request, undoing))


def _back(request: HttpRequest, about: Act) -> str:
    """Where the button stood: toasts stand on every page. The page of the act, if that cannot be said."""
    came = urlsplit(request.headers.get("Referer", ""))
    here = f"{came.path}{f'?{came.query}' if came.query else ''}"
    otherwise = here if came.netloc == request.get_host() and is_ours(request, here) else ""
    return next_url(request, otherwise or reverse("history:act", args=[about.pk]))


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """After the slice that is being done; what was done stays, and can be undone."""
    found = get_object_or_404(_seen_by(viewer_of(request)), pk=pk)
    run = get_object_or_404(Run.objects.defer("ids").filter(act__undoes=None), act=found)
    runs.stop(run)
    toast(request, "It stops after the rows that are being changed right now.")
    return redirect("history:act", found.pk)
