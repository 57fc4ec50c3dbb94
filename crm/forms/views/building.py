"""Public forms for admins: all of them, the builder of one with its preview, switching it off and on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import slots
from crm.forms.actions import editing
from crm.forms.forms.builder import Draft
from crm.forms.forms.entry import AnswersForm
from crm.forms.models import FormEntry, PublicForm
from crm.history.toasts import undoable
from crm.outbox.formatting import as_html
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock

_form = require_http_methods(["GET", "HEAD", "POST"])
#: So many are listed; a house has a handful.
_LISTED = 200
COUNTED = timedelta(days=30)


@require_safe
@requires("manage_settings")
def forms(request: HttpRequest) -> HttpResponse:
    """All of them, those that are switched off last."""
    rows = PublicForm.objects.select_related("owner", "team")
    rows = rows.order_by(F("archived_at").asc(nulls_first=True), "name", "id")[:_LISTED]
    entries = FormEntry.objects.filter(test=False)
    lately = _by_form(entries.filter(received_at__gte=clock.now() - COUNTED))
    held = _by_form(entries.filter(state=FormEntry.State.HELD))
    lines = [(row, slots.form_outcomes.get(row.outcome), lately.get(row.pk, 0), held.get(row.pk, 0)) for row in rows]
    return render(request, "crm/forms/list.html", {"lines": lines, "base": settings.BASE_URL})


def _by_form(entries: QuerySet[FormEntry]) -> dict[int, int]:
    return dict(entries.order_by().values_list("form").annotate(many=Count("pk")))


@_form
@requires("manage_settings")
def new(request: HttpRequest) -> HttpResponse:
    return _edit(request, _fresh())


@_form
@requires("manage_settings")
def change(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(PublicForm, pk=pk))


def _fresh() -> PublicForm:
    """A form that is not kept yet: it asks for what its outcome needs."""
    name, outcome = next(iter(slots.form_outcomes.items()))
    row = PublicForm(outcome=name)
    draft = Draft(row)
    draft.fields.require(outcome.needs)
    row.fields = draft.fields.kept
    return row


def _edit(request: HttpRequest, row: PublicForm) -> HttpResponse:
    if request.method != "POST":
        return _page(request, Draft(row))
    draft = Draft(row, request.POST)
    if not draft.is_valid():
        return _page(request, draft, status=422)
    by, now = viewer_of(request), clock.now()
    if row.pk:
        deed = editing.change(row, draft.values, by, now)
    else:
        row, deed = editing.add(draft.values, by, now)
    undoable(request, deed, f"The form “{row}” is saved.")
    return redirect("forms:form", row.pk)


@require_POST
@requires("manage_settings")
def arranging(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """The builder with a field moved, added or taken out, or for another outcome. Nothing is kept yet."""
    row = get_object_or_404(PublicForm, pk=pk) if pk else PublicForm()
    draft = Draft(row, request.POST)
    draft.words.is_valid()  # so that what was typed stays; what is wrong is said when it is saved
    do = request.POST.get("do", f"add:{request.POST.get('add', '')}" if "adds" in request.POST else "")
    touched = draft.fields.obey(do)
    if draft.outcome and not do:  # it is another one
        draft.fields.require(draft.outcome.needs)
    return _page(request, draft, touched=touched, do=do)


@require_POST
@requires("manage_settings")
def preview(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """As visitors would see what is on the screen."""
    draft = Draft(get_object_or_404(PublicForm, pk=pk) if pk else PublicForm(), request.POST)
    draft.words.is_valid()
    return render(request, "crm/forms/preview.html", _preview(draft))


def _preview(draft: Draft) -> dict[str, Any]:
    shown = draft.shown
    filled = AnswersForm(shown, prefix="preview")
    box = filled["consent"] if shown.consent else None
    fields = [filled[name] for name in filled.asked]
    return {"shown": shown, "intro": as_html(shown.intro), "preview_fields": fields, "preview_box": box}


def _page(request: HttpRequest, draft: Draft, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {"draft": draft, "row": draft.form, "base": settings.BASE_URL, **_preview(draft), **more}
    template = "crm/forms/builder.html#parts" if request.htmx else "crm/forms/builder.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=status)


@require_POST
@requires("manage_settings")
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Off, or on again: one that is off says so to whoever opens it."""
    row = get_object_or_404(PublicForm, pk=pk)
    deed = editing.switch(row, viewer_of(request), clock.now())
    words = "switched off: whoever opens it reads that it takes nothing now" if row.archived_at else "open again"
    undoable(request, deed, f"“{row}” is {words}.")
    return redirect("forms:list")
