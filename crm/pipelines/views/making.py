"""All pipelines; and a new one from a template, like another one, or from nothing."""

from __future__ import annotations

from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm.history.toasts import undoable
from crm.pipelines import shape
from crm.pipelines.actions import shaping
from crm.pipelines.actions.refusals import DealError
from crm.pipelines.forms.shaping import PipelineForm
from crm.pipelines.models import Outcome, Pipeline
from crm.pipelines.templates import TEMPLATES
from crm.pipelines.views.shape import form_of
from crm.pipelines.views.stages import reordered, wanted_order
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.addresses import address
from crm.web.dialogs import dialog, done


@form_of
@requires("shape")
def every(request: HttpRequest) -> HttpResponse:
    """Those in use and those of the archive. What is posted is an order, as of stages."""
    open_stages = Count("stages", filter=Q(stages__archived_at=None, stages__outcome=Outcome.OPEN))
    rows = list(Pipeline.objects.in_use().annotate(open_stages=open_stages))
    if request.method == "POST":
        wanted = wanted_order(request, [row.pk for row in rows], "pipeline")
        return reordered(
            request, reverse("pipelines:all"), "The pipelines are in their new order.",
            lambda: shaping.reorder_pipelines(wanted, viewer_of(request), clock.now()),
        )  # fmt: skip
    archived = Pipeline.objects.exclude(archived_at=None).order_by("-archived_at", "-pk")
    return render(request, "crm/pipelines/all.html", {"rows": rows, "archived": archived})


@require_safe
@requires("shape")
def choose(request: HttpRequest) -> HttpResponse:
    """What it may begin with."""
    context = {"templates": [*shape.templates(), shape.EMPTY], "copies": shape.copies()}
    return render(request, "crm/pipelines/choose.html", context)


@form_of
@requires("shape")
def make(request: HttpRequest, origin: str) -> HttpResponse:
    """Its name; then it is there, and one goes on shaping it."""
    chosen = shape.origin(origin)
    if chosen is None:
        raise Http404("There is no such template, or pipeline.")
    form = PipelineForm(request.POST) if request.method == "POST" else PipelineForm(initial=chosen.initial)
    if form.is_bound and form.is_valid():
        values = {name: form.cleaned_data[name] for name in shaping.OF_PIPELINE}
        template, like = (origin, None) if origin in TEMPLATES else ("", int(origin) if origin.isdecimal() else None)
        try:
            made, deed = shaping.add_pipeline(values, viewer_of(request), clock.now(), template, like)
        except DealError as refusal:
            form.refused(refusal)
        else:
            undoable(request, deed, f"{made} is there.")
            return done(request, address("pipelines:shape", made.pk))
    heading = f"New pipeline like {chosen.label}" if origin.isdecimal() else f"New pipeline · {chosen.label}"
    context = {"form": form, "origin": chosen}
    back, status = reverse("pipelines:choose"), 422 if form.is_bound else 200
    return dialog(request, "crm/pipelines/make.html", context, heading=heading, back=back, status=status)
