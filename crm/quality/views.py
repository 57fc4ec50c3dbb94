"""The page of the data audit: a score, how it goes, and each gap with its names and its remedy."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from crm.quality import counting, reading
from crm.quality.models import DataSweep
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast


@require_safe
@requires("view")
def report(request: HttpRequest) -> HttpResponse:
    """The page; for htmx, which asks while a count is under way, its moving part alone. Counts nothing itself."""
    viewer, now = viewer_of(request), clock.now()
    sweep = DataSweep.the_only()
    groups = reading.groups(viewer)
    lines = [line for _, gaps, clean in groups for line in (*gaps, *clean)]
    context = {
        "sweep": sweep,
        "groups": groups,
        "trend": reading.trend(viewer, now),
        "total": sum(line.found for line in lines),
        "all_clean": sum(not line.found for line in lines),
        "checks": len(lines),
        "sees_all": viewer.sees_everything,
        "width": reading.WIDTH, "height": reading.HEIGHT,
    }  # fmt: skip
    template = "crm/quality/report.html#figures" if request.htmx else "crm/quality/report.html"
    return render(request, template, context)


@require_POST
@requires("view")
def counting_again(request: HttpRequest) -> HttpResponse:
    """Count at once what can be counted while somebody waits; the rest is the worker's."""
    if counting.count_again(clock.now()):
        toast(request, "Counted just now.")
    else:
        toast(request, "Counting goes on in the background. The page shows the figures when it is done.")
    return redirect("quality:report")
