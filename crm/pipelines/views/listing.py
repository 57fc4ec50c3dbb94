"""The list of deals, of one pipeline or of all."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from crm.pipelines.bar import head, pipeline_of
from crm.pipelines.lists import DEALS, number
from crm.pipelines.models import Pipeline
from crm.segments.listing import show
from crm.team.viewer import viewer_of


@require_safe
@vary_on_headers("HX-Request")
def deals(request: HttpRequest) -> HttpResponse:
    """The page; for htmx only its rows. Narrowed to one pipeline it stands beside its board and its forecast."""
    here, there = pipeline_of(number(request.GET.get("pipeline", "")))
    return show(request, DEALS, "crm/pipelines/list.html", head("list", here, there, viewer_of(request)))


@require_safe
def of_pipeline(request: HttpRequest, pk: int) -> HttpResponse:
    """Its open deals in the list."""
    pipeline = get_object_or_404(Pipeline, pk=pk)
    asked = {"view": "all", "state": "open"} | request.GET.dict() | {"pipeline": str(pipeline.pk)}
    return redirect(f"{reverse('pipelines:list')}?{urlencode(asked)}")
