"""Shaping a pipeline: its page, what it is called, taking it out of use and bringing it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from crm.fields import known
from crm.history.toasts import undoable
from crm.pipelines import effects
from crm.pipelines import shape as reading
from crm.pipelines.actions import archiving, shaping
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.effects import Effect, Target
from crm.pipelines.forms.shaping import ArchiveForm, PipelineForm
from crm.pipelines.models import Pipeline
from crm.pipelines.values import SUBJECT
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.addresses import address
from crm.web.dialogs import dialog, done
from crm.web.toasts import toast

form_of = require_http_methods(["GET", "HEAD", "POST"])


def in_use(pk: int) -> Pipeline:
    """Raises Http404 for one of the archive too: it is brought back before it is shaped."""
    return get_object_or_404(Pipeline.objects.in_use(), pk=pk)


@form_of
@requires("shape")
def shape(request: HttpRequest, pk: int) -> HttpResponse:
    """All that it is made of. What is posted is its name, its purpose, and whether it books."""
    row = Pipeline.objects.filter(pk=pk).first()
    if row is None:
        raise Http404("There is no such pipeline.")
    if row.archived_at:
        return redirect("pipelines:all")
    form = PipelineForm(request.POST) if request.method == "POST" else PipelineForm.of(row)
    form.auto_id = "about_%s"  # the dialogs have fields of the same names
    if form.is_bound and form.is_valid():
        values = {name: form.cleaned_data[name] for name in shaping.OF_PIPELINE}
        try:
            deed = shaping.change_pipeline(pk, values, viewer_of(request), clock.now(), form.cleaned_data["seen"])
        except DealError as refusal:
            form.refused(refusal, row)
        else:
            if deed:
                undoable(request, deed, f"{values['name']} is saved.")
            return redirect("pipelines:shape", pk)
    return _page(request, row, form)


def _page(request: HttpRequest, row: Pipeline, form: PipelineForm) -> HttpResponse:
    used, gone = reading.reasons()
    context = {
        "pipeline": row, "form": form, "shape": reading.of(row), "reasons": used, "old_reasons": gone,
        "fields": known.fields(SUBJECT), "may_make_fields": allows(request.user, "manage_settings"),
    }  # fmt: skip
    return render(request, "crm/pipelines/shape.html", context, status=422 if form.is_bound else 200)


@form_of
@requires("shape")
def archival(request: HttpRequest, pk: int) -> HttpResponse:
    """Says what it does, and asks where open deals go."""
    row = in_use(pk)
    effect = effects.of_pipeline(pk)
    targets = effects.from_pipeline(pk) if effect.moves else []
    form = ArchiveForm(request.POST if request.method == "POST" else None, targets=targets, needed=bool(effect.moves))
    back = address("pipelines:shape", pk)
    if form.is_bound and form.is_valid():
        try:
            deed = archiving.archive_pipeline(pk, form.move_to, viewer_of(request), clock.now())
        except DealError as refusal:
            form.add_error(None, str(refusal))
        else:
            undoable(request, deed, f"{row} is archived{_went(effect)}.")
            return done(request, reverse("pipelines:all"))
    return archive_dialog(request, form, effect, targets, f"Archive {row}", back, apart=True)


def archive_dialog(
    request: HttpRequest, form: ArchiveForm, effect: Effect, targets: list[Target], heading: str, back: str, **more: Any
) -> HttpResponse:
    """The effect first; of a pipeline (`apart`) or a stage."""
    chosen = form["to"].value() if "to" in form.fields else None
    context = {"form": form, "effect": effect, "targets": targets, "chosen": str(chosen or ""), **more}
    status = 422 if form.is_bound else 200
    return dialog(request, "crm/pipelines/archive_form.html", context, heading=heading, back=back, status=status)


def _went(effect: Effect) -> str:
    return f", its {effect.moves:,} open deals have moved" if effect.moves else ""


@require_POST
@requires("shape")
def restoration(request: HttpRequest, pk: int) -> HttpResponse:
    """Without the deals that went elsewhere."""
    row = get_object_or_404(Pipeline, pk=pk)
    try:
        deed = archiving.bring_pipeline_back(pk, viewer_of(request), clock.now())
    except DealError as refusal:
        toast(request, str(refusal), level=messages.ERROR)
        return redirect("pipelines:all")
    undoable(request, deed, f"{row} is back.")
    return redirect("pipelines:shape", pk)
