"""Business hours and holidays: of the house, and of teams that keep their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from crm.history.toasts import undoable
from crm.settings.actions import hours as verbs
from crm.settings.forms import HolidayFileForm, HolidayForm, WeekForm
from crm.team.models import BusinessHours, Holiday, Team
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.toasts import toast

WEEK = timedelta(days=7)


def _team(pk: int | None) -> Team | None:
    """The team whose own hours the address names; None for the house."""
    return get_object_or_404(Team, pk=pk, business_hours__isnull=False) if pk else None


def _page_of(team: Team | None) -> str:
    return reverse("settings:team_hours", args=[team.pk]) if team else reverse("settings:hours")


def _while_there(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Somebody may have taken a team's own hours away since the page was opened."""

    @wraps(view)
    def guarded(request: HttpRequest, **more: Any) -> HttpResponse:
        try:
            return view(request, **more)
        except BusinessHours.DoesNotExist:
            text = "The team keeps the hours of the house now, so nothing was changed."
            toast(request, text, level=messages.ERROR)
            return redirect("settings:hours")

    return guarded


@require_http_methods(["GET", "HEAD", "POST"])
@requires("manage_settings")
@_while_there
def hours(request: HttpRequest, team_pk: int | None = None) -> HttpResponse:
    """When we are at work; a POST sets the week and its zone."""
    team = _team(team_pk)
    row = _row(team)
    form = WeekForm(request.POST if request.method == "POST" else None, hours=row)
    if form.is_valid():
        done = verbs.set_week(team, form.cleaned_data["time_zone"], form.week(), viewer_of(request), clock.now())
        undoable(request, done, "The business hours are saved.")
        return redirect(_page_of(team))
    return _page(request, team, row, week=form)


def _row(team: Team | None) -> BusinessHours:
    rows = BusinessHours.objects.prefetch_related("holidays")
    return rows.filter(team=team).first() or BusinessHours(team=team)


def _page(request: HttpRequest, team: Team | None, row: BusinessHours, **forms: Form) -> HttpResponse:
    now = clock.now()
    teams = list(Team.objects.select_related("business_hours").order_by("name"))
    context: dict[str, Any] = {
        "team": team, "here": _page_of(team), "zone": row.as_rules().zone.key, "state": _state(row, now),
        "week": WeekForm(hours=row), "holiday": HolidayForm(), "file": HolidayFileForm(),
        "having": [one for one in teams if hasattr(one, "business_hours")],
        "others": [one for one in teams if not hasattr(one, "business_hours")],
    } | _holidays(row, now) | forms  # fmt: skip
    wrong = any(form.errors for form in forms.values())
    return render(request, "crm/settings/hours.html", context, status=422 if wrong else 200)


def _state(row: BusinessHours, now: datetime) -> dict[str, Any]:
    """How it stands right now, and how much time the coming week has."""
    rules = row.as_rules()
    local = now.astimezone(rules.zone)
    opens = rules.next_open(now)
    return {
        "open": opens == now, "opens": opens and opens.astimezone(rules.zone), "local": local,
        "holiday": rules.holiday(local.date()), "coming": rules.open_time_between(now, now + WEEK) / timedelta(hours=1),
    }  # fmt: skip


def _holidays(row: BusinessHours, now: datetime) -> dict[str, Any]:
    """Those to come in the order in which they do, and those that are over."""
    today = now.astimezone(row.as_rules().zone).date()
    found = [(one, one.as_rule().next_from(today)) for one in (row.holidays.all() if row.pk else ())]
    coming = sorted(((day, one) for one, day in found if day), key=lambda pair: (pair[0], pair[1].pk))
    return {"coming": coming, "past": [one for one, day in reversed(found) if day is None]}


@require_POST
@requires("manage_settings")
@_while_there
def add_holiday(request: HttpRequest, team_pk: int | None = None) -> HttpResponse:
    team, form = _team(team_pk), HolidayForm(request.POST)
    if not form.is_valid():
        return _page(request, team, _row(team), holiday=form)
    closed = form.closed()
    done, new = verbs.add_holidays(team, [closed], viewer_of(request), clock.now())
    if new:
        undoable(request, done, f"Closed: {closed.name}.")
    else:
        toast(request, f"{closed.name} on that day is there already. Nothing changed.", level=messages.INFO)
    return redirect(_page_of(team))


@require_POST
@requires("manage_settings")
@_while_there
def add_file(request: HttpRequest, team_pk: int | None = None) -> HttpResponse:
    """The whole-day events of a calendar file; those that are there already stay as they are."""
    team, form = _team(team_pk), HolidayFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, team, _row(team), file=form)
    found = form.cleaned_data["file"]
    done, new = verbs.add_holidays(team, found.closed, viewer_of(request), clock.now())
    parts = [f"{new} holiday{'' if new == 1 else 's'} added"]
    if known := len(found.closed) - new:
        parts.append(f"{known} known already")
    if found.once:
        parts.append(f"{found.once} that repeat in their own way taken once")
    if found.timed:
        parts.append(f"{found.timed} at an hour of the day left out")
    undoable(request, done, f"{', '.join(parts)}.")
    return redirect(_page_of(team))


@require_POST
@requires("manage_settings")
@_while_there
def remove_holiday(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Holiday.objects.select_related("hours__team"), pk=pk)
    done = verbs.remove_holiday(found, viewer_of(request), clock.now())
    undoable(request, done, f"{found} is a working day again.")
    return redirect(_page_of(found.hours.team))


@require_POST
@requires("manage_settings")
def give_own(request: HttpRequest) -> HttpResponse:
    """Hours of its own for the team that the form names."""
    named = request.POST.get("team", "")
    known = named.isascii() and named.isdecimal() and len(named) < 19
    team = Team.objects.filter(pk=named).first() if known else None
    if team is None:
        toast(request, "Choose a team that there is.", level=messages.ERROR)
        return redirect("settings:hours")
    done = verbs.give_own(team, viewer_of(request), clock.now())
    undoable(request, done, f"{team} has hours of its own now. They begin as those of the house.")
    return redirect(_page_of(team))


@require_POST
@requires("manage_settings")
@_while_there
def drop_own(request: HttpRequest, team_pk: int) -> HttpResponse:
    team = get_object_or_404(Team, pk=team_pk, business_hours__isnull=False)
    done = verbs.drop_own(team, viewer_of(request), clock.now())
    undoable(request, done, f"{team} keeps the hours of the house again.")
    return redirect("settings:hours")
