"""The dashboard: how well customers are kept, on one page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from crm.accounts.models import Account
from crm.segments.filters import FilterError
from crm.segments.models import SavedView, Segment
from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast
from retention.metrics import names, rules, snapshots
from retention.metrics.asking import COMPARED, READY, SLICING, Asked, asked
from retention.metrics.board import RENEWING_DAYS, Board
from retention.metrics.dashboard import drawing, tiles
from retention.metrics.reading import PeriodError

#: Renewals that the page names itself, and segments and views that its chooser offers.
_NAMED, _OFFERED = 5, 50
#: What movements are called here, in the order of the waterfall.
MOVES = {
    "new": "New", "expansion": "Grown", "reactivation": "Back", "contraction": "Shrunk", "churn": "Lost",
}  # fmt: skip


@require_safe
@requires("view")
def dashboard(request: HttpRequest) -> HttpResponse:
    """See `retention.metrics.asking` for what its address asks."""
    viewer, now = viewer_of(request), clock.now()
    try:
        question = asked(request.GET.dict(), viewer, now)
    except (PeriodError, FilterError) as error:
        usual = asked({}, viewer, now)
        typed = {name: request.GET.get(name, "") for name in ("from", "to")}
        refused = {"asked": usual, "typed": typed, "refused": str(error), "cleared": request.path}
        return render(request, "retention/metrics/refused.html", _around(usual, viewer) | refused, status=400)
    shown = snapshots.shown(question, now)
    context: dict[str, Any] = _around(question, viewer) | {"shown": shown, "board": shown.board, "asked": question}
    if shown.board.is_empty:
        nothing = not question.sliced and not Account.objects.visible_to(viewer).filter(spans__isnull=False).exists()
        return render(request, "retention/metrics/dashboard.html", context | {"empty": True, "nothing": nothing})
    context |= _figures(shown.board, question) | {"renewals": _renewals(question, viewer, now)}
    if shown.was is not None:
        context["was"] = tiles.tiles(shown.was, question)[0]
    return render(request, "retention/metrics/dashboard.html", context)


@require_POST
@requires("view")
def recount(request: HttpRequest) -> HttpResponse:
    """Ask for the figures of the address to be counted again."""
    viewer, now = viewer_of(request), clock.now()
    try:
        question = asked(request.GET.dict(), viewer, now)
    except (PeriodError, FilterError) as error:
        toast(request, str(error), level=messages.ERROR)
        return redirect("retention:dashboard")
    if snapshots.want(question, now):
        toast(request, "The figures are counted again within a minute or two.")
    else:
        toast(request, "These figures are counted whenever somebody looks. They are those of now.")
    return redirect(question.url(reverse("retention:dashboard")))


def _around(question: Asked, viewer: User) -> dict[str, Any]:
    """Which days, beside which, and of which customers: what stands and what can be chosen."""
    page, own = reverse("retention:dashboard"), {"from": None, "to": None}
    kept = {name: text for name, text in question.parameters.items() if name not in ("period", "from", "to")}
    offered: list[tuple[str, QuerySet[Any]]] = [
        ("segment", Segment.objects.visible_to(viewer).in_use().filter(subject="account").order_by("name")),
        ("view", SavedView.objects.visible_to(viewer).filter(subject="account").order_by("name")),
    ]
    alone = dict.fromkeys(SLICING)
    chosen = [
        (kind, str(row), question.url(page, **(alone | {kind: str(row.pk)})))  # type: ignore[arg-type]
        for kind, rows in offered
        for row in rows.only("pk", "name")[:_OFFERED]
    ]
    return {
        "periods": [
            (label, question.url(page, **own, period=name), name == question.name)  # type: ignore[arg-type]
            for name, (label, *_) in READY.items()
        ],
        "period_name": READY[question.name][0] if question.name in READY else "Days of your own",
        "compared": [(label, question.url(page, compare=name), name == question.compare)
                     for name, label in COMPARED.items()],
        "kept": kept.items(), "chosen": chosen,
        "everybody": question.url(page, **alone), "here": question.url(page),
        "usual": page if question.parameters else "",
        "recount": question.url(reverse("retention:recount")),
    }  # fmt: skip


def _figures(board: Board, question: Asked) -> dict[str, Any]:
    start, end = board.counts.mrr_start, board.counts.mrr_end
    moves = [
        (label, move, question.names(names.of_moves(kind, question.period)) if move.customers else "")
        for kind, label in MOVES.items()
        if (move := board.move(kind))
    ]
    first, last = (question.names(names.behind(figure, question.period)) for figure in ("mrr_start", "mrr_end"))
    return {
        "tiles": tiles.tiles(board, question), "finding": tiles.finding(board, question),
        "in_vain": rules.grows_in_vain(start, end, board.move("new").amount),
        "curve": drawing.curve(board.months, board.year_before),
        "months": [_month(one, before, question) for one, before in
                   zip(board.months, board.year_before, strict=True)],
        "waterfall": drawing.waterfall(
            start, [(label, move.amount) for label, move, _ in moves], end, [first, *(url for *_, url in moves), last]
        ),
        "moves": moves, "ends": (first, last),
        "net": end - start,
        "products": [_product(path, question) for path in board.products],
        "renewing": question.names(names.of_renewals(RENEWING_DAYS)), "renewing_days": RENEWING_DAYS,
    }  # fmt: skip


def _month(one: rules.Kept, before: rules.Kept, question: Asked) -> dict[str, Any]:
    """A line of the table beside the curve."""
    kept = question.names(names.of_month(one.month))
    return {"month": one.month, "rate": tiles.percent(one.rate), "before": tiles.percent(before.rate),
            "kept": one.kept, "customers": one.customers, "url": kept}  # fmt: skip


def _product(path: Any, question: Asked) -> dict[str, Any]:
    end = question.period.end
    return {
        "path": path,
        "share": tiles.percent(path.share),
        "buyers": question.names(names.of_buyers(end, 1, path.product)),
        "again": question.names(names.of_buyers(end, 2, path.product)) if path.again else "",
    }


def _renewals(question: Asked, viewer: User, now: datetime) -> list[Account]:
    """The next ones, the soonest first."""
    rows: Any = question.of.rows(now)
    rows = Account.objects.visible_to(viewer) if rows is None else rows
    soon = names.filtered(names.of_renewals(RENEWING_DAYS)).apply(rows, now)
    return list(soon.order_by("renews_on", "pk").only("pk", "name", "renews_on", "mrr")[:_NAMED])
