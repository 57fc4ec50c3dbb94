"""What people decide about a case, each by a post to it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from crm.history.models import Act
from crm.history.toasts import undoable
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.dialogs import dialog, done
from crm.web.returning import next_url
from crm.web.toasts import toast
from retention.dunning.actions import deciding
from retention.dunning.actions.deciding import DunningError
from retention.dunning.forms import NoteForm, ReasonForm
from retention.dunning.models import DunningCase
from retention.dunning.views.cases import case_of

_form = require_http_methods(["GET", "HEAD", "POST"])


@require_POST
@requires("dunning")
def attempt(request: HttpRequest, pk: int) -> HttpResponse:
    """Have it tried now."""
    row = case_of(request, pk)
    try:
        deciding.try_now(row, viewer_of(request), clock.now())
        toast(request, "It is being tried. The answer comes with the next report of billing.")
    except DunningError as refusal:
        toast(request, str(refusal), level=messages.WARNING)
    return done(request, next_url(request, row.get_absolute_url()))


def _at_once(
    verb: Callable[[DunningCase, User, object], Act], words: str
) -> Callable[[HttpRequest, int], HttpResponse]:
    """A button that asks nothing, since it can be undone."""

    @require_POST
    @requires("dunning")
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        row = case_of(request, pk)
        try:
            undoable(request, verb(row, viewer_of(request), clock.now()), words)
        except DunningError as refusal:
            toast(request, str(refusal), level=messages.WARNING)
        return done(request, next_url(request, row.get_absolute_url()))

    guarded: Callable[[HttpRequest, int], HttpResponse] = view
    return guarded


halt = _at_once(deciding.stop, "Nothing is tried any more. Grace and mails go on.")  # type: ignore[arg-type]
resumption = _at_once(deciding.resume, "Tries go on.")  # type: ignore[arg-type]


@_form
@requires("dunning")
def forgiveness(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a payment go, and say why."""
    row = case_of(request, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            deed = deciding.forgive(row, form.cleaned_data["reason"], viewer_of(request), clock.now())
            undoable(request, deed, "Forgiven: nothing is tried or asked any more.")
            return done(request, row.get_absolute_url())
        except DunningError as refusal:
            form.add_error(None, str(refusal))
    return dialog(
        request, "retention/dunning/forgive.html", {"form": form, "case": row}, heading="Forgive this payment",
        back=row.get_absolute_url(), status=422 if form.is_bound else 200,
    )  # fmt: skip


@_form
@requires("dunning")
def note(request: HttpRequest, pk: int) -> HttpResponse:
    row = case_of(request, pk)
    form = NoteForm(request.POST if request.method == "POST" else None, initial={"note": row.note})
    if form.is_valid():
        deed = deciding.note(row, form.cleaned_data["note"].strip(), viewer_of(request), clock.now())
        undoable(request, deed, "Noted.")
        return done(request, row.get_absolute_url())
    return dialog(
        request, "retention/dunning/note.html", {"form": form, "case": row}, heading="A note for colleagues",
        back=row.get_absolute_url(), status=422 if form.is_bound else 200,
    )  # fmt: skip
