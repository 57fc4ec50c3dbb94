"""Settings of time and people: service levels, categories, and who gets which tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from crm.team.models import Team
from crm.team.permissions import requires
from crm.tickets import clocks
from crm.tickets.forms.levels import CategoryForm, LevelForm, RotaForm, WarningForm
from crm.tickets.models import Rota, ServiceLevel, Ticket, TicketCategory, TicketSettings
from crm.tickets.rules.targets import minutes_words
from crm.web import clock
from crm.web.toasts import toast

_form = require_http_methods(["GET", "HEAD", "POST"])
_LIVE_FIRST = F("archived_at").asc(nulls_first=True)
#: A new level as most people begin with it.
_USUAL = {
    "urgent": {"answer": 30, "solve": 240}, "high": {"answer": 60, "solve": 480},
    "normal": {"answer": 240, "solve": 1440}, "low": {"answer": 480, "solve": 2400},
}  # fmt: skip


@_form
@requires("manage_settings")
def levels(request: HttpRequest) -> HttpResponse:
    """All of them in order; a POST says from when on people are warned."""
    form = WarningForm(request.POST if request.method == "POST" else None, instance=TicketSettings.the_only())
    if form.is_valid():
        with transaction.atomic():
            TicketSettings.objects.update_or_create(pk=TicketSettings.ONLY, defaults=form.cleaned_data)
            clocks.ask_to_wind(clock.now())
        toast(request, "Saved. Open tickets follow within a minute.")
        return redirect("desk:levels")
    rows = list(ServiceLevel.objects.order_by(_LIVE_FIRST, "order", "pk"))
    context = {"levels": [(row, _limits(row)) for row in rows], "form": form}
    return render(request, "crm/tickets/desk/levels.html", context, status=422 if form.errors else 200)


def _limits(row: ServiceLevel) -> list[tuple[str, str, str]]:
    """Priority, first answer and solution, in words."""
    found = []
    for priority in reversed(Ticket.Priority):
        targets = row.targets.get(priority.name.lower(), {})
        words = [minutes_words(targets.get(one)) or "no limit" for one in ("answer", "solve")]
        found.append((str(priority.label), words[0], words[1]))
    return found


@_form
@requires("manage_settings")
def new_level(request: HttpRequest) -> HttpResponse:
    last = ServiceLevel.objects.aggregate(last=Max("order"))["last"]
    return _edit(request, ServiceLevel(targets=_USUAL, order=0 if last is None else last + 1))


@_form
@requires("manage_settings")
def level(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(ServiceLevel, pk=pk))


def _edit(request: HttpRequest, row: ServiceLevel) -> HttpResponse:
    form = LevelForm(request.POST if request.method == "POST" else None, level=row)
    if form.is_valid():
        with transaction.atomic():
            saved = form.save()
            clocks.ask_to_wind(clock.now())
        toast(request, f"“{saved}” is saved. Open tickets follow within a minute, and nobody is told of the past.")
        return redirect("desk:levels")
    context = {"form": form, "row": row}
    return render(request, "crm/tickets/desk/level.html", context, status=422 if form.errors else 200)


@require_POST
@requires("manage_settings")
def switch_level(request: HttpRequest, pk: int) -> HttpResponse:
    """Archive it, or bring it back."""
    row = get_object_or_404(ServiceLevel, pk=pk)
    with transaction.atomic():
        _switch(row, clock.now())
        clocks.ask_to_wind(clock.now())
    toast(request, f"“{row}” {'holds for nobody any more' if row.archived_at else 'holds again'}.")
    return redirect("desk:levels")


def _switch(row: ServiceLevel | TicketCategory, now: datetime) -> None:
    row.archived_at = None if row.archived_at else now
    row.save(update_fields=["archived_at"])


@require_POST
@requires("manage_settings")
def raise_level(request: HttpRequest, pk: int) -> HttpResponse:
    """One place up: of several that fit, the first counts."""
    with transaction.atomic():
        rows = list(ServiceLevel.objects.select_for_update().filter(archived_at=None).order_by("order", "pk"))
        at = next((at for at, row in enumerate(rows) if row.pk == pk), 0)
        if at:
            rows[at - 1], rows[at] = rows[at], rows[at - 1]
        for order, row in enumerate(rows):
            row.order = order
        ServiceLevel.objects.bulk_update(rows, ["order"])
        clocks.ask_to_wind(clock.now())
    return redirect("desk:levels")


# Categories and who gets what -----------------------------------------------------------------------------------------


@_form
@requires("manage_settings")
def categories(request: HttpRequest) -> HttpResponse:
    """All of them, and the teams; a POST makes a category."""
    form = CategoryForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        toast(request, f"“{form.save()}” can be chosen from now on.")
        return redirect("desk:categories")
    return _page(request, form)


@require_POST
@requires("manage_settings")
def category(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(TicketCategory, pk=pk)
    form = CategoryForm(request.POST, instance=row, prefix=f"category-{pk}")
    if form.is_valid():
        toast(request, f"“{form.save()}” is saved. It holds for new tickets.")
        return redirect("desk:categories")
    return _page(request, CategoryForm(), wrong=form)


@require_POST
@requires("manage_settings")
def switch_category(request: HttpRequest, pk: int) -> HttpResponse:
    """Archive it, or bring it back: old tickets keep it either way."""
    row = get_object_or_404(TicketCategory, pk=pk)
    _switch(row, clock.now())
    toast(request, f"“{row}” {'is archived: old tickets keep it' if row.archived_at else 'can be chosen again'}.")
    return redirect("desk:categories")


@require_POST
@requires("manage_settings")
def rota(request: HttpRequest, team_pk: int) -> HttpResponse:
    """How new tickets of a team find somebody; 0 stands for those without a team."""
    team = get_object_or_404(Team, pk=team_pk) if team_pk else None
    row = Rota.objects.filter(team=team).first() or Rota(team=team)
    form = RotaForm(request.POST, instance=row, prefix=f"rota-{team_pk}")
    if form.is_valid():
        Rota.objects.update_or_create(team=team, defaults=form.cleaned_data)
        toast(request, f"{team or 'Tickets without a team'}: {row.get_assigns_by_display()}.")
        return redirect("desk:categories")
    return _page(request, CategoryForm())


def _page(request: HttpRequest, form: CategoryForm, wrong: CategoryForm | None = None) -> HttpResponse:
    rows = TicketCategory.objects.select_related("team").order_by(_LIVE_FIRST, "order", "name")
    forms = [
        (row, wrong if wrong and wrong.instance == row else CategoryForm(instance=row, prefix=f"category-{row.pk}"))
        for row in rows
    ]
    kept = {row.team_id: row for row in Rota.objects.all()}
    teams: list[Team | None] = [*Team.objects.order_by("name"), None]
    rotas: list[tuple[Any, RotaForm]] = [
        (team, RotaForm(instance=kept.get(team.pk if team else None), prefix=f"rota-{team.pk if team else 0}"))
        for team in teams
    ]
    context = {"form": form, "categories": forms, "rotas": rotas}
    return render(
        request, "crm/tickets/desk/categories.html", context, status=422 if form.errors or wrong else 200
    )  # fmt: skip
