"""The board: its page, the next cards of a column, and what others have changed, asked for every few seconds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from crm.pipelines import board as reading
from crm.pipelines import cards
from crm.pipelines.bar import NARROWING, Bar, head, pipeline_of, rows
from crm.pipelines.board import BadPlace, Column
from crm.pipelines.models import Outcome, Pipeline, Stage
from crm.segments.filters import FilterError
from crm.team.permissions import allows
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.patience import answers_or_asks_to_narrow

#: Remembers the board that somebody has looked at last.
COOKIE, _A_YEAR = "board", 365 * 86_400


@require_safe
def first(request: HttpRequest) -> HttpResponse:
    """To the board that one has looked at last, else to the first one."""
    there = list(Pipeline.objects.in_use())
    if not there:
        return render(request, "crm/pipelines/no_pipelines.html", {"may_shape": allows(request.user, "shape")})
    last = next((one for one in there if str(one.pk) == request.COOKIES.get(COOKIE)), there[0])
    return redirect("pipelines:board", last.pk)


@require_safe
@answers_or_asks_to_narrow("q", "f", "view")
def board(request: HttpRequest, pk: int) -> HttpResponse:
    viewer, now = viewer_of(request), clock.now()
    pipeline, there = pipeline_of(pk)
    if pipeline is None:
        raise Http404("There is no such pipeline.")
    bar = Bar.of(request.GET, pipeline, "board", viewer)
    context = head("board", pipeline, there, viewer)
    try:
        found = reading.columns(pk, bar.rows(now), now)
        context |= bar.context() | shown(found, now, may_move=context["may_work"])
    except FilterError as error:
        refused = f"{error.place} {error.message}".strip()
        return render(request, "crm/pipelines/refused.html", context | {"refused": refused}, status=400)
    drawn = reading.shape_of(column.stage for column in found)
    context |= {"mark": now.isoformat(), "asked": urlencode({**bar.asked, "shape": drawn})}
    answer = render(request, "crm/pipelines/board.html", context)
    if request.COOKIES.get(COOKIE) != str(pk):
        answer.set_cookie(COOKIE, str(pk), max_age=_A_YEAR, httponly=True, samesite="Lax", secure=request.is_secure())
    return answer


@require_safe
def further(request: HttpRequest, pk: int, stage_pk: int) -> HttpResponse:
    """The cards of a column `below` the last one that stands there."""
    viewer, now = viewer_of(request), clock.now()
    stage = get_object_or_404(Stage, pk=stage_pk, pipeline=pk)
    try:
        found = reading.further(stage, rows(_asked(request), viewer, now), request.GET.get("below", ""), now)
    except (FilterError, BadPlace) as error:
        raise BadRequest(str(error)) from error
    return HttpResponse(faces(found, now, may_move=allows(viewer, "deals")))


@require_safe
def news(request: HttpRequest, pk: int) -> HttpResponse:
    """What has changed `after` the mark that the board has; nothing is an empty answer. A board that is drawn in
    another `shape` than it has by now is to be loaded again."""
    viewer, now = viewer_of(request), clock.now()
    try:
        mark = clock.parse(request.GET["after"]) if "after" in request.GET else now
        may_show = rows(_asked(request), viewer, now)
    except (ValueError, OverflowError) as error:
        raise BadRequest("That is no mark of a board. Load it again.") from error
    stages = list(Stage.objects.in_use().filter(pipeline=pk))
    found = reading.news(pk, may_show, viewer, mark, now)
    if found.too_much or request.GET.get("shape", "") not in ("", reading.shape_of(stages)):
        return HttpResponse(status=205)
    if not found:
        return HttpResponse(status=204)
    context = shown(reading.totals(stages, may_show, now), now, may_move=False)
    context |= {
        "cards": faces(found.cards, now, may_move=allows(viewer, "deals")), "gone": found.gone,
        "mark": now.isoformat(),
    }  # fmt: skip
    return render(request, "crm/pipelines/news.html", context)


def _asked(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET.get(name, "").strip() for name in NARROWING}


def faces(found: Sequence[cards.Card], now: datetime, *, may_move: bool) -> SafeString:
    return mark_safe("".join(cards.face(card, now, may_move=may_move) for card in found))  # noqa: S308  each is escaped


def shown(columns: Sequence[Column], now: datetime, *, may_move: bool) -> dict[str, Any]:
    """For templates: each column with its cards, and what all that is open comes to."""
    running = [column for column in columns if column.stage.outcome == Outcome.OPEN]
    return {
        "columns": [{"of": column, "cards": faces(column.cards, now, may_move=may_move)} for column in columns],
        "open": sum(column.total for column in running), "worth": sum((column.sum for column in running), Decimal(0)),
        "weighted": sum((column.sum * column.stage.probability / 100 for column in running), Decimal(0)),
        "stuck": sum(column.stuck for column in running),
    }  # fmt: skip
