"""The stages of a pipeline: a new one, what one asks, their order, taking one out of use and bringing it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from crm.history.toasts import undoable
from crm.pipelines import effects
from crm.pipelines.actions import archiving, shaping
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.forms.shaping import ArchiveForm, StageForm
from crm.pipelines.lists import number
from crm.pipelines.models import Outcome, Pipeline, Stage
from crm.pipelines.views.shape import archive_dialog, form_of, in_use
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.addresses import address
from crm.web.dialogs import dialog, done
from crm.web.toasts import toast


@form_of
@requires("shape")
def new_stage(request: HttpRequest, pk: int) -> HttpResponse:
    row = in_use(pk)
    ends = list(row.stages.in_use().exclude(outcome=Outcome.OPEN).values_list("outcome", flat=True))
    typed = request.POST if request.method == "POST" else None
    form = StageForm(typed, row=None, ends=ends, initial={"colour": "grey", "probability": 50})
    if form.is_bound and form.is_valid():
        try:
            made, deed = shaping.add_stage(pk, form.values(), viewer_of(request), clock.now())
        except DealError as refusal:
            form.refused(refusal)
        else:
            undoable(request, deed, f"{made} is a stage of {row}.")
            return done(request, address("pipelines:shape", pk))
    return _asked(request, form, row, f"New stage of {row}", "Add the stage")


@form_of
@requires("shape")
def stage(request: HttpRequest, pk: int, stage_pk: int) -> HttpResponse:
    """What it is called, how likely it is won from here, and what it asks."""
    row, pipeline = _stage(pk, stage_pk), in_use(pk)
    if row.archived_at:
        return _gone(request, row, f"{row} has been archived meanwhile. Bring it back to change it.")
    form = StageForm(request.POST if request.method == "POST" else None, row=row)
    if form.is_bound and form.is_valid():
        try:
            values, seen = form.values(), form.cleaned_data["seen"]
            deed = shaping.change_stage(row.pk, values, viewer_of(request), clock.now(), seen)
        except DealError as refusal:
            form.refused(refusal, row)
        else:
            if deed:
                undoable(request, deed, f"{values['name']} is saved.")
            return done(request, address("pipelines:shape", pk))
    return _asked(request, form, pipeline, f"{row} · {pipeline}", "Save")


def _stage(pk: int, stage_pk: int) -> Stage:
    return get_object_or_404(Stage.objects.select_related("pipeline"), pk=stage_pk, pipeline=pk)


def _gone(request: HttpRequest, row: Stage, why: str) -> HttpResponse:
    toast(request, why, level=messages.ERROR)
    return done(request, address("pipelines:shape", row.pipeline_id))


def _asked(request: HttpRequest, form: StageForm, pipeline: Pipeline, heading: str, label: str) -> HttpResponse:
    back = address("pipelines:shape", pipeline.pk)
    context: dict[str, Any] = {
        "form": form, "label": label, "may_make_fields": allows(request.user, "manage_settings"), "shape_url": back,
    }  # fmt: skip
    status = 422 if form.is_bound else 200
    return dialog(request, "crm/pipelines/stage_form.html", context, heading=heading, back=back, status=status)


@require_POST
@requires("shape")
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """The open ones as the `item`s stand, the ends behind them; or `stage` one place up or down by `way`.

    For scripts the word about it, or 409 without one: the page that is loaded again says it.
    """
    row = in_use(pk)
    there = list(row.stages.in_use().values_list("pk", "outcome"))
    running = [one for one, outcome in there if outcome == Outcome.OPEN]
    ends = [one for one, outcome in there if outcome != Outcome.OPEN]
    wanted, seen = (
        wanted_order(request, running, "stage"),
        [number(one) for one in request.POST.getlist("seen")] or running,
    )
    return reordered(
        request, address("pipelines:shape", pk), "The stages are in their new order.",
        lambda: shaping.reorder_stages(pk, [*wanted, *ends], viewer_of(request), clock.now(), [*seen, *ends]),
    )  # fmt: skip


def wanted_order(request: HttpRequest, there: Sequence[int], what: str) -> list[int]:
    """Ids as `item`s say; or those `there` but for the one that goes one place up or down. At an end all stay."""
    if items := request.POST.getlist("item"):
        return [number(one) for one in items]
    ids, which = list(there), number(request.POST.get(what, ""))
    if which in ids:
        at = ids.index(which)
        to = max(at - 1, 0) if request.POST.get("way") == "up" else at + 1
        ids.insert(to, ids.pop(at))
    return ids


def reordered(request: HttpRequest, back: str, said: str, verb: Any) -> HttpResponse:
    """For scripts, the toast of it alone."""
    try:
        undoable(request, verb(), said)
    except DealError as refusal:
        toast(request, str(refusal), level=messages.ERROR)
        return HttpResponse(status=409) if request.htmx else redirect(back)  # type: ignore[attr-defined]
    return render(request, "ui/messages.html") if request.htmx else redirect(back)  # type: ignore[attr-defined]


@form_of
@requires("shape")
def stage_archival(request: HttpRequest, pk: int, stage_pk: int) -> HttpResponse:
    """Says what it does, and asks where open deals go."""
    row = _stage(pk, stage_pk)
    effect = effects.of_stage(row.pk)
    targets = effects.from_stage(row) if effect.moves else []
    form = ArchiveForm(request.POST if request.method == "POST" else None, targets=targets, needed=bool(effect.moves))
    back = address("pipelines:shape", pk)
    if row.archived_at:
        return _gone(request, row, f"{row} is archived already.")
    if form.is_bound and form.is_valid():
        try:
            deed = archiving.archive_stage(row.pk, form.move_to, viewer_of(request), clock.now())
        except DealError as refusal:
            form.add_error(None, str(refusal))
        else:
            said = f"{deed.label[:1].upper()}{deed.label[1:]}" if effect.moves else f"{row} is archived"
            undoable(request, deed, f"{said}.")
            return done(request, back)
    return archive_dialog(request, form, effect, targets, f"Archive {row}", back)


@require_POST
@requires("shape")
def stage_restoration(request: HttpRequest, pk: int, stage_pk: int) -> HttpResponse:
    """Without the deals that went elsewhere."""
    row = _stage(pk, stage_pk)
    try:
        deed = archiving.bring_stage_back(row.pk, viewer_of(request), clock.now())
    except DealError as refusal:
        return _gone(request, row, str(refusal))
    undoable(request, deed, f"{row} is back.")
    return redirect("pipelines:shape", pk)
