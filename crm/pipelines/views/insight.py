"""How a pipeline does in a period, and the deals behind each of its figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm.pipelines.bar import Bar, head, pipeline_of
from crm.pipelines.insight import asking, behind, drawing, figures, reading
from crm.pipelines.insight.asking import Scope
from crm.pipelines.insight.period import READY, Period, asked, last_days
from crm.pipelines.insight.reading import Line, way_of
from crm.segments.days import DaysError
from crm.segments.filters import FilterError
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.patience import answers_or_asks_to_narrow

#: What won and lost are told apart by, besides months: the name in addresses → label.
BY = {"owner": "Owner", "source": "Source"}


class _Refused(Exception):
    """The page says why, instead of figures."""

    def __init__(self, answer: HttpResponse) -> None:
        self.answer = answer


@require_safe
@requires("view")
@answers_or_asks_to_narrow("q", "f", "view")
def insight(request: HttpRequest, pk: int) -> HttpResponse:
    """`from` and `to` days, `by` owner or source; narrowed as the list of deals is."""
    viewer, now, by = viewer_of(request), clock.now(), request.GET.get("by", "owner")
    if by not in BY:
        raise Http404("There is no such insight.")
    try:
        bar, period, scope, context = _opened(request, pk, viewer, now, {"by": by} if "by" in request.GET else {})
    except _Refused as refused:
        return refused.answer
    way = way_of(reverse("pipelines:insight_deals", args=[pk]), period, bar.asked)
    context |= bar.context() | _figures(scope, period, by, way) | {
        "by": by, "ways": [(label, bar.url(by=name), name == by) for name, label in BY.items()],
        "label": BY[by], "forecast": reverse("pipelines:forecast", args=[pk]), "few": reading.FEW,
        "kept_besides": [(name, value) for name, value in (bar.more | bar.asked).items() if name not in period.asked],
        "ready": [(days, _ready(bar, days, now), period == last_days(days, now)) for days in READY],
    }  # fmt: skip
    return render(request, "crm/pipelines/insight.html", context)


@require_safe
@requires("view")
def deals(request: HttpRequest, pk: int) -> HttpResponse:
    """The deals behind one figure, those of the highest amount first; as many as the figure says."""
    viewer, now = viewer_of(request), clock.now()
    figure = behind.asked(request.GET.dict())
    try:
        bar, period, scope, context = _opened(request, pk, viewer, now, {})
    except _Refused as refused:
        return refused.answer
    rows = figure.rows(bar.rows(now), scope, period)
    named = rows.select_related("account", "owner", "stage")
    try:
        page = keyset_page(named, Sort("value", descending=True), request.GET.get("after"))
    except BadCursor:
        raise Http404("The page has no such place.") from None
    asks = {name: value for name, value in request.GET.items() if name != "after"}
    kept = {name: value for name, value in asks.items() if name != "what" and not name.startswith("is_")}
    context |= {
        "page": page, "total": rows.count(), "title": figure.title(scope), "up": f"?{urlencode(kept)}",
        "more": urlencode(asks | {"after": page.next}) if page.next else "",
    }  # fmt: skip
    return render(request, "crm/pipelines/insight_deals.html", context)


def _opened(
    request: HttpRequest, pk: int, viewer: User, now: datetime, more: Mapping[str, str]
) -> tuple[Bar, Period, Scope, dict[str, Any]]:  # fmt: skip
    """What both pages begin with. Raises _Refused for days that make no period and a filter that cannot be used."""
    pipeline, there = pipeline_of(pk)
    if pipeline is None:
        raise Http404("There is no such pipeline.")
    context = head("insight", pipeline, there, viewer)
    try:
        period = asked(request.GET.dict(), now)
        days = period.asked if "from" in request.GET else {}
        bar = Bar.of(request.GET, pipeline, "insight", viewer, **days, **more)
        whole = viewer.sees_everything and not bar.asked
        scope = asking.scope(pk, None if whole else bar.rows(now))
    except (DaysError, FilterError) as error:
        about = "These days cannot be shown:" if isinstance(error, DaysError) else ""
        context |= {"refused": str(error).rstrip("."), "about": about}
        raise _Refused(render(request, "crm/pipelines/refused.html", context, status=400)) from None
    return bar, period, scope, context | {"period": period}


def _ready(bar: Bar, days: int, now: datetime) -> str:
    return bar.url(**last_days(days, now).asked)


def _figures(scope: Scope, period: Period, by: str, way: reading.Way) -> dict[str, Any]:
    """Everything that is counted."""
    stages, outcomes = figures.stages(scope, period), figures.outcomes(scope, period)
    customers = figures.customers(scope, period)
    lines, months = reading.stage_lines(scope, stages, way), reading.apart(outcomes, "month", way)
    sellers, together = reading.stayed_lines(customers, way)
    found: dict[str, Any] = {
        "lines": lines, "weak": [line for line in lines if line.weak],
        "funnel": drawing.funnel([(line.stage.name, line.passage) for line in lines]),
        "tiles": reading.tiles(outcomes, way), "months": months, "bars": drawing.columns(_months(outcomes, months)),
        "apart": reading.apart(outcomes, by, way), "reasons": reading.reasons(outcomes, way),
        "whose": reading.whose_lines(customers, way), "sellers": sellers, "together": together,
        "before": reading.before(customers.journey, way), "outcomes": outcomes, "sales": asking.SALES,
    }  # fmt: skip
    found["empty"] = not (outcomes.opened or outcomes.now.all or any(one.passage.entered for one in lines))
    return found


def _months(outcomes: figures.Outcomes, lines: list[Line]) -> list[tuple[str, str, int, int]]:
    months = sorted((key or "", one) for key, one in outcomes.by["month"].items())
    return [
        (f"{date.fromisoformat(f'{key}-01'):%b}", line.name, one.won, one.lost)
        for (key, one), line in zip(months, lines, strict=True)
    ]
