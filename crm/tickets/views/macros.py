"""One's own macros, for everybody who answers: written, changed, removed; and what everybody is offered beside them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.history.toasts import undoable
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.tickets import macros as canned
from crm.tickets.models import Macro
from crm.tickets.views.desk_macros import edit
from crm.web import clock

_HOME = "tickets:macros"
#: Of each kind; the composer offers them all.
_SHOWN = 200
_form = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@requires("tickets")
def macros(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    own, shared = (list(canned.offered(viewer).filter(owner=of)[:_SHOWN]) for of in (viewer, None))
    categories = canned.category_names([*own, *shared])
    context = {
        "own": [(row, canned.sets(row, categories)) for row in own],
        "shared": [(row, canned.sets(row, categories)) for row in shared],
        "may_share": allows(viewer, "manage_settings"),
    }
    return render(request, "crm/tickets/macros.html", context)


@_form
@requires("tickets")
def new_macro(request: HttpRequest) -> HttpResponse:
    return edit(request, Macro(owner=viewer_of(request)), _HOME)


@_form
@requires("tickets")
def macro(request: HttpRequest, pk: int) -> HttpResponse:
    return edit(request, _own(request, pk), _HOME)


@require_POST
@requires("tickets")
def macro_removal(request: HttpRequest, pk: int) -> HttpResponse:
    """It is offered no more; the toast takes that back."""
    row = _own(request, pk)
    if made := canned.remove(row, viewer_of(request), clock.now()):
        undoable(request, made, f"“{row}” is removed.")
    return redirect(_HOME)


def _own(request: HttpRequest, pk: int) -> Macro:
    return get_object_or_404(Macro, pk=pk, owner=viewer_of(request), archived_at=None)
