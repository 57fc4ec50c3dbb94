"""The forecast of a pipeline; each figure leads to its deals."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm.pipelines import forecast as counting
from crm.pipelines.bar import Bar, head, pipeline_of
from crm.pipelines.models import Outcome
from crm.segments import filterbar
from crm.segments.filters import FilterError
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.patience import answers_or_asks_to_narrow


@require_safe
@answers_or_asks_to_narrow("q", "f", "view")
def forecast(request: HttpRequest, pk: int) -> HttpResponse:
    """`by` stage, owner or source."""
    viewer, now = viewer_of(request), clock.now()
    (pipeline, there), by = pipeline_of(pk), request.GET.get("by", "stage")
    if pipeline is None or by not in counting.BY:
        raise Http404("There is no such forecast.")
    bar = Bar.of(request.GET, pipeline, "forecast", viewer, by=by)
    context = head("forecast", pipeline, there, viewer)
    stages = list(pipeline.stages.in_use().filter(outcome=Outcome.OPEN))
    try:
        found = counting.forecast(stages, bar.rows(now), by, clock.today(now))
        context |= bar.context()
    except FilterError as error:
        refused = f"{error.place} {error.message}".strip()
        return render(request, "crm/pipelines/refused.html", context | {"refused": refused}, status=400)
    context |= {
        "heads": found.heads, "lines": [_shown(line, bar, found.most) for line in [*found.lines, found.foot]],
        "whole": found.foot.whole.figure, "by": by, "ways": [
            (label, bar.url(by=name), name == by) for name, label in counting.BY.items()
        ],
    }  # fmt: skip
    return render(request, "crm/pipelines/forecast.html", context)


def _shown(line: counting.Line, bar: Bar, most: Any) -> dict[str, Any]:
    return {
        "label": line.label, "late": line.late, "cells": [_cell(cell, bar) for cell in line.cells],
        "whole": _cell(line.whole, bar), "share": round(100 * line.whole.figure.sum / most) if most else 0,
    }  # fmt: skip


def _cell(cell: counting.Cell, bar: Bar) -> dict[str, Any]:
    if cell.asks is None:
        return {"figure": cell.figure, "url": ""}
    asked = {"view": "all", "pipeline": str(bar.pipeline.pk), **bar.asked, **cell.asks}
    if cell.leaf:
        asked["f"] = filterbar.write([*filterbar.parts_of(filterbar.tree_of(asked.get("f", ""))), dict(cell.leaf)])
    return {"figure": cell.figure, "url": f"{reverse('pipelines:list')}?{urlencode(asked)}"}
