"""Dialogs of a customer's page: log a touch, plan one, change what one wrote."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.accounts.models import Account
from crm.history.toasts import undoable
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.timeline.models import TimelineEntry
from crm.todos import actions as todos
from crm.touches import actions, rules
from crm.touches.forms import LogForm, NoteForm, PlanForm, tomorrow
from crm.web import clock
from crm.web.dialogs import dialog, done
from crm.web.toasts import toast

#: Colleagues that are offered behind an @.
OFFERED = 6

_form = require_http_methods(["GET", "HEAD", "POST"])


def _account(request: HttpRequest, pk: int) -> Account:
    return get_object_or_404(Account.objects.visible_to(request.user), pk=pk)


def _whom(request: HttpRequest, account: Account, viewer: User) -> int | None:
    """Whom the address names (`contact`), else the one with whom most touches are."""
    people, asked = account.contacts.visible_to(viewer), request.GET.get("contact", "")
    named = Q(pk=asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else Q(is_primary=True)
    return people.filter(named).values_list("pk", flat=True).first()


@_form
@requires("edit")
def log(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a call, a meeting, an interview or a note on the timeline, and plan what is to follow."""
    account, viewer, now = _account(request, pk), viewer_of(request), clock.now()
    chosen = {"contact": _whom(request, account, viewer), "kind": request.GET.get("kind", "call")}
    form = LogForm(
        request.POST if request.method == "POST" else None, account=account, viewer=viewer, now=now, initial=chosen
    )
    if form.is_valid():
        actions.log(form.fact(), account, viewer, now, form.follow_up())
        word = rules.TOUCHES[form.cleaned_data["kind"]][1]
        toast(request, f"{word} logged, and a follow-up planned." if form.cleaned_data["then"] else f"{word} logged.")
        return done(request, account.get_absolute_url())
    return _dialog(request, "crm/touches/log.html", account, form, f"Log what happened with {account.name}")


@_form
@requires("edit")
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """A task for a call, a meeting, a mail or a follow-up. `?part=clocks` says when that is, here and there."""
    account, viewer, now = _account(request, pk), viewer_of(request), clock.now()
    if request.GET.get("part") == "clocks":
        form = PlanForm(request.GET, account=account, viewer=viewer, now=now)
        context = {"clocks": form.clocks() if form.is_valid() else (), "form": form}
        return render(request, "crm/touches/plan.html#clocks", context | {"frame": "ui/dialog_part.html"})
    first = {
        "contact": _whom(request, account, viewer), "kind": request.GET.get("kind", "call"),
        "day": tomorrow(now, viewer), "at": "10:00", "whose": "mine",
    }  # fmt: skip
    form = PlanForm(
        request.POST if request.method == "POST" else None, account=account, viewer=viewer, now=now, initial=first
    )
    if form.is_valid():
        planned = form.planned()
        todos.create([planned], now=now)
        toast(request, f"Planned: {planned.title}")
        return done(request, account.get_absolute_url())
    return _dialog(request, "crm/touches/plan.html", account, form, f"Plan what is next with {account.name}")


@_form
@requires("edit")
def note(request: HttpRequest, pk: int, entry_pk: int) -> HttpResponse:
    """Change one's own note."""
    account, viewer = _account(request, pk), viewer_of(request)
    entry = _own(request, account, entry_pk)
    typed = request.POST if request.method == "POST" else None
    form = NoteForm(typed, initial={"text": entry.payload.get("note", "")})
    if form.is_valid():
        made = actions.edit_note(entry, form.cleaned_data["text"], viewer, clock.now())
        if made:
            undoable(request, made, "The note is changed.")
        return done(request, account.get_absolute_url())
    return _dialog(request, "crm/touches/note.html", account, form, "Change your note", {"entry": entry})


@require_POST
@requires("edit")
def deletion(request: HttpRequest, pk: int, entry_pk: int) -> HttpResponse:
    """Take one's own note off the timeline; the toast takes that back."""
    account = _account(request, pk)
    entry = _own(request, account, entry_pk)
    try:
        undoable(request, actions.delete_note(entry, viewer_of(request), clock.now()), "The note is deleted.")
    except actions.NotYours as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    return done(request, account.get_absolute_url())


@require_GET
def mentions(request: HttpRequest) -> HttpResponse:
    """Colleagues whose name holds what stands behind the @."""
    typed = request.GET.get("mention", "").strip().replace("\0", "")
    users = User.objects.filter(is_active=True, name__icontains=typed).order_by("name", "id")[:OFFERED]
    shared = [user.name for user in users]
    names = [(user.name if shared.count(user.name) == 1 and user.name else user.email, user) for user in users]
    return render(request, "crm/touches/mentions.html", {"names": names})


def _own(request: HttpRequest, account: Account, entry_pk: int) -> TimelineEntry:
    """A note of the viewer's own; anybody else's is as if it were not there to be changed."""
    notes = TimelineEntry.objects.visible_to(request.user).filter(account_id=account.pk, kind=actions.NOTE)
    return get_object_or_404(notes.filter(actor=viewer_of(request)), pk=entry_pk)


def _dialog(
    request: HttpRequest, template: str, account: Account, form: Any, heading: str, more: dict[str, Any] | None = None
) -> HttpResponse:
    context = {"form": form, "account": account, **(more or {})}
    status = 422 if form.is_bound else 200
    return dialog(request, template, context, heading=heading, back=account.get_absolute_url(), status=status)
