"""What was sent with a form: what became of each, and what waits for a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from crm.forms.actions import deciding
from crm.forms.models import FormEntry, PublicForm
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.toasts import toast

_NEWEST = Sort("received_at", descending=True)
#: Tab → its label, and what an empty one says.
TABS = {
    "": ("All", "Nobody has filled it in yet. Try it yourself, or put it on a page of yours."),
    "held": ("Held for you", "Nothing waits for you. What looks like an advertisement is held here."),
    "waiting": ("Waiting", "Nothing waits. What is sent is worked within seconds."),
}


@require_safe
@requires("manage_settings")
def entries(request: HttpRequest, pk: int) -> HttpResponse:
    """The newest first."""
    form, tab = get_object_or_404(PublicForm, pk=pk), request.GET.get("state", "")
    if tab not in TABS:
        raise Http404("There is no such tab.")
    rows = FormEntry.objects.filter(form=form).for_list()
    try:
        page = keyset_page(rows.filter(state=tab) if tab else rows, _NEWEST, request.GET.get("cursor"))
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    tabs = [(name, label) for name, (label, _) in TABS.items()]
    context = {"form": form, "page": page, "tab": tab, "tabs": tabs, "nothing": TABS[tab][1]}
    more = request.htmx and request.GET.get("cursor")  # type: ignore[attr-defined]
    return render(request, "crm/forms/entries.html#rows" if more else "crm/forms/entries.html", context)


@require_POST
@requires("manage_settings")
def let_through(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, deciding.let_through, "It is worked within seconds.")


@require_POST
@requires("manage_settings")
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, deciding.discard, "It is discarded.")


def _decide(
    request: HttpRequest, pk: int, verb: Callable[[int, User, datetime], FormEntry], done: str
) -> HttpResponse:  # fmt: skip
    entry = get_object_or_404(FormEntry, pk=pk)
    try:
        verb(pk, viewer_of(request), clock.now())
    except deciding.NotPossible as refusal:
        toast(request, str(refusal), level=messages.ERROR)
    else:
        toast(request, done)
    return redirect("forms:entries", entry.form_id)
