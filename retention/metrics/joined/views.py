"""The pages of cohorts: the map, the names behind a cell of it, and its figures as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm.imports.attachments import attached
from crm.ledger.rules import add_months
from crm.segments.filters import FilterError
from crm.segments.models import Segment
from crm.segments.rules import read_day
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.web import clock
from retention.metrics import names
from retention.metrics.cohorts import Cohort, cohorts
from retention.metrics.joined import asking
from retention.metrics.joined.comparing import beside, chosen
from retention.metrics.joined.drawing import curves
from retention.metrics.joined.table import table
from retention.metrics.reading import PeriodError


@require_safe
@requires("view")
def cohort_map(request: HttpRequest) -> HttpResponse:
    """What cannot be asked for is said, beside the usual question."""
    viewer, now, refusal = viewer_of(request), clock.now(), ""
    try:
        asked = asking.asked(request.GET.dict(), viewer, now)
    except (PeriodError, FilterError) as error:
        asked, refusal = asking.asked({}, viewer, now), str(error)
    found = cohorts(asked.months, now, asked.whom.of)
    pair = chosen(found, asked.one, asked.other)
    context: dict[str, Any] = {
        "asked": asked, "refusal": refusal, "table": table(found, asked), "curves": curves(found, asked.by, pair),
        "beside": beside(*pair, asked.by) if pair else None, "empty": not any(cohort.joined for cohort in found),
        "found": found, "ready": [(number, asked.query(months=number)) for number in asking.READY],
        "by": [(name, label, asked.query(by=name)) for name, label in asking.BY.items()],
        "segments": Segment.objects.visible_to(viewer).in_use().filter(subject="account").order_by("name")[:100],
        "hidden": {name: text for name, text in asked.whom.sliced.items() if name != "segment"},
        "csv": allows(viewer, "export") and f"{reverse('cohorts:file')}?{asked.query(one=None, other=None)}",
    }  # fmt: skip
    return render(request, "retention/metrics/cohorts.html", context, status=422 if refusal else 200)


@require_safe
@requires("view")
def cell(request: HttpRequest, first: str, month: str | None = None) -> HttpResponse:
    """Leads to the names of those who joined in a month and, with `month`, were customers at the end of another."""
    joined = _month(first)
    conditions = names.of_cohort(joined)
    if month is not None:
        conditions = names.of_cell(joined, add_months(_month(month), 1) - timedelta(days=1))
    try:
        asked = asking.asked(request.GET.dict(), viewer_of(request), clock.now())
    except (PeriodError, FilterError) as error:
        raise Http404(str(error)) from None
    return redirect(asked.whom.names(conditions))


@require_safe
@requires("export")
def file(request: HttpRequest) -> StreamingHttpResponse:
    """A line for each cell, as a CSV file."""
    viewer, now = viewer_of(request), clock.now()
    try:
        asked = asking.asked(request.GET.dict(), viewer, now)
    except (PeriodError, FilterError) as error:
        raise Http404(str(error)) from None
    return attached(_lines(cohorts(asked.months, now, asked.whom.of)), "cohorts", now)


class _Echo:
    def write(self, line: str) -> str:
        return line


_HEAD = (
    "joined", "customers_joined", "months_since", "month_end", "customers", "customers_kept", "mrr", "mrr_kept",
    "unsaid",
)  # fmt: skip


def _lines(found: Sequence[Cohort]) -> Iterator[str]:
    """Rates are fractions, blank where there is nothing to say; the last column says why."""
    writer: Any = csv.writer(_Echo())
    yield writer.writerow(_HEAD)
    for cohort in found:
        for at, each in enumerate(cohort.cells):
            rates = ["" if rate is None else f"{float(rate):.4f}" for rate in (each.kept, each.revenue_kept)]
            which = f"{cohort.first:%Y-%m}", cohort.joined, at, each.month
            yield writer.writerow([*which, each.customers, rates[0], each.mrr, rates[1], each.unsaid])


def _month(text: str) -> date:
    try:
        return read_day(f"{text}-01")
    except ValueError:
        raise Http404("There is no such month.") from None
