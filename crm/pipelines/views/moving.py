"""Where a deal goes: by its card, by a menu, won or lost. One request each; a stage that asks first answers a form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from crm.history.models import Act
from crm.history.toasts import undoable
from crm.pipelines import board as reading
from crm.pipelines.actions.losing import lose
from crm.pipelines.actions.moving import Filled, move, owing
from crm.pipelines.actions.refusals import DealError, GateError
from crm.pipelines.actions.winning import win
from crm.pipelines.bar import NARROWING, rows
from crm.pipelines.forms import GateForm, LossForm, WinForm
from crm.pipelines.lists import number
from crm.pipelines.models import Deal, Outcome, Stage
from crm.pipelines.rules.gates import Missing
from crm.pipelines.views.board import faces, shown
from crm.segments.filters import FilterError
from crm.team.permissions import allows, requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.dialogs import dialog, done
from crm.web.returning import next_url
from crm.web.toasts import toast

_asks = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True)
class Going:
    """What a request wants of a deal. Blank `after`: on top."""

    after: int | None
    seen: int | None
    by: Any
    now: datetime

    @classmethod
    def of(cls, request: HttpRequest) -> Going:
        told = request.POST
        return cls(
            number(told.get("after", "")) or None, number(told.get("seen", "")) or None, viewer_of(request), clock.now()
        )

    def placed(self) -> dict[str, Any]:
        """As verbs take it."""
        return {"after": self.after, "seen_stage": self.seen}


def deal_of(request: HttpRequest, pk: int) -> Deal:
    """With its stage and customer. Raises Http404."""
    visible = Deal.objects.visible_to(request.user).select_related("stage__pipeline", "account", "owner", "contract")
    return get_object_or_404(visible, pk=pk)


@_asks
@requires("deals")
def place(request: HttpRequest, pk: int) -> HttpResponse:
    """Into a `stage`, under the card `after`. Without a stage one is asked for it."""
    row, going = deal_of(request, pk), Going.of(request)
    to = number(request.POST.get("stage", ""))
    if not to:
        stages = Stage.objects.in_use().filter(pipeline=row.pipeline_id)
        context = {"deal": row, "stages": stages, "next": next_url(request, "")}
        heading, back = f"Move {row.account}", _back(request, row)
        return dialog(request, "crm/pipelines/move.html", context, heading=heading, back=back)
    try:
        moved = move(pk, to, by=going.by, now=going.now, **going.placed())
    except GateError as gate:
        if gate.stage.outcome != Outcome.OPEN and (gate.stage.pipeline.books or gate.stage.outcome == Outcome.LOST):
            return _form_of(request, gate.deal, gate.stage, gate.missing)
        return _through(request, gate, going)
    except DealError as refusal:
        return refused(request, row, refusal)
    return went(request, moved.deal, moved.act)


def _through(request: HttpRequest, gate: GateError, going: Going) -> HttpResponse:
    """What the stage asks for, and on with it when that is filled in."""
    typed = request.POST if "asked" in request.POST else None
    form = GateForm(typed, deal=gate.deal, stage=gate.stage, missing=gate.missing)
    if typed is None or not form.is_valid():
        return _asked(request, form, "crm/pipelines/gate.html", f"{gate.stage} asks first", "pipelines:place")
    return _finished(
        request, gate.deal,
        lambda: move(gate.deal.pk, gate.stage.pk, by=going.by, now=going.now, filled=form.filled(), **going.placed()),
    )  # fmt: skip


@_asks
@requires("deals")
def winning(request: HttpRequest, pk: int) -> HttpResponse:
    """What was sold; then it is won, and its contract is booked."""
    row, going = deal_of(request, pk), Going.of(request)
    stage = _closing(row, Outcome.WON)
    if request.method != "POST" or "asked" not in request.POST:
        return _form_of(request, row, stage, owing(row, stage))
    form = _win_form(request.POST, row, stage, owing(row, stage), going.now)
    if not form.is_valid():
        return _asked(request, form, "crm/pipelines/win.html", f"{row.account} is won", "pipelines:winning")
    filled: Filled = form.filled()
    return _finished(
        request, row, lambda: win(pk, form.booked(), going.by, going.now, filled=filled, **going.placed())
    )  # fmt: skip


@_asks
@requires("deals")
def loss(request: HttpRequest, pk: int) -> HttpResponse:
    """Why; then it is lost."""
    row, going = deal_of(request, pk), Going.of(request)
    stage = _closing(row, Outcome.LOST)
    if request.method != "POST" or "asked" not in request.POST:
        return _form_of(request, row, stage, owing(row, stage))
    form = LossForm(request.POST, deal=row, stage=stage, missing=owing(row, stage))
    if not form.is_valid():
        return _asked(request, form, "crm/pipelines/lose.html", f"{row.account} is lost", "pipelines:loss")
    data = form.cleaned_data
    return _finished(
        request, row,
        lambda: lose(pk, data["reason"].pk, data["note"], going.by, going.now, filled=form.filled(), **going.placed()),
    )  # fmt: skip


def _closing(row: Deal, outcome: str) -> Stage:
    """The stage of its pipeline that wins, or loses. Raises Http404."""
    stages = Stage.objects.in_use().select_related("pipeline")
    return get_object_or_404(stages, pipeline=row.pipeline_id, outcome=outcome)


def _win_form(data: Any, row: Deal, stage: Stage, missing: Missing, now: datetime) -> WinForm:
    return WinForm(data, deal=row, stage=stage, missing=missing, today=clock.today(now))


def _form_of(request: HttpRequest, row: Deal, stage: Stage, missing: Missing) -> HttpResponse:
    """The form of a stage that closes, not yet filled in."""
    if stage.outcome == Outcome.WON:
        form: GateForm = _win_form(None, row, stage, missing, clock.now())
        return _asked(request, form, "crm/pipelines/win.html", f"{row.account} is won", "pipelines:winning")
    form = LossForm(None, deal=row, stage=stage, missing=missing)
    return _asked(request, form, "crm/pipelines/lose.html", f"{row.account} is lost", "pipelines:loss")


def _asked(request: HttpRequest, form: GateForm, template: str, heading: str, url: str) -> HttpResponse:
    """A form that finishes what was begun: where the card was dropped goes along."""
    told = {"stage": form.stage.pk, "after": request.POST.get("after", ""), "seen": request.POST.get("seen", "")}
    context = {"form": form, "deal": form.deal, "url": url, "told": told, "next": next_url(request, "")}
    status = 422 if request.method == "POST" else 200
    return dialog(request, template, context, heading=heading, back=_back(request, form.deal), status=status)


def _finished(request: HttpRequest, row: Deal, verb: Callable[[], Any]) -> HttpResponse:
    try:
        made = verb()
    except DealError as refusal:
        return refused(request, row, refusal)
    return went(request, made.deal, made.act)


# What is answered -----------------------------------------------------------------------------------------------------


def went(request: HttpRequest, row: Deal, act: Act | None) -> HttpResponse:
    """On its board the card where it stands now, and the figures; elsewhere the page that one came from."""
    if act is not None:
        undoable(request, act, _said(row))
    return _board(request, row) if "board" in request.GET else done(request, _back(request, row))


def refused(request: HttpRequest, row: Deal, why: DealError) -> HttpResponse:
    """Nothing was changed: the card goes back to where it stands."""
    toast(request, str(why), level=messages.ERROR)
    return _board(request, row, 409) if "board" in request.GET else done(request, _back(request, row))


def _said(row: Deal) -> str:
    if row.is_open:
        return f"{row.account} is in {row.stage}."
    booked = f" Its contract is expected from {row.contract}." if row.contract_id and row.outcome == Outcome.WON else ""
    return f"{row.account} is {row.get_outcome_display().lower()}.{booked}"


def _back(request: HttpRequest, row: Deal) -> str:
    return next_url(request, str(row.get_absolute_url()))


def _board(request: HttpRequest, row: Deal, status: int = 200) -> HttpResponse:
    viewer, now = viewer_of(request), clock.now()
    asked = {name: request.GET.get(name, "") for name in NARROWING}
    try:
        may_show = rows(asked, viewer, now)
    except FilterError:
        may_show = rows({}, viewer, now)
    stages = list(Stage.objects.in_use().filter(pipeline=number(request.GET["board"])))
    found = reading.cards_of(may_show.filter(pipeline=number(request.GET["board"])), [row.pk])
    context = shown(reading.totals(stages, may_show, now), now, may_move=False)
    context |= {
        "cards": faces(found, now, may_move=allows(viewer, "deals")), "gone": [] if found else [row.pk],
        "toasts": True,
    }  # fmt: skip
    return render(request, "crm/pipelines/news.html", context, status=status)
