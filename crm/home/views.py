"""Today: who needs a person, what waits, and what happens right now. The page gathers; other rooms know."""

from __future__ import annotations

from datetime import datetime
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.cache import caches
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from crm import slots
from crm.accounts.models import Account
from crm.home import feed, figures, needs, rules
from crm.home.forms import DayForm
from crm.team.models import User
from crm.team.viewer import SIGHT, viewer_of
from crm.todos.forms import SnoozeForm
from crm.todos.models import LINE, Task, TaskLine
from crm.todos.rules import bounds
from crm.web import clock
from crm.web.composed import Composed
from crm.web.faults import first_fault
from crm.web.returning import next_url
from crm.web.toasts import toast

#: Figures that took longer than this are kept for a minute; small installations always see the present.
_SLOW_SECONDS = 0.1
_KEEP_SECONDS = 60

_TASKS = 6


@require_GET
def today(request: HttpRequest) -> HttpResponse:
    viewer, now = viewer_of(request), clock.now()
    local = now.astimezone(viewer.zone)
    kept = _kept_when_slow(_key(viewer, now), lambda: _expensive(viewer, now))
    away = needs.put_away(viewer, now)
    waiting = [need for need in kept["needs"] if need[0] not in away]
    shown = waiting if "all" in request.GET else waiting[: viewer.day_capacity]
    known = kept.get("known") or needs.rows(viewer, [pk for pk, _ in shown])
    size = feed.MORE if "more" in request.GET else feed.SIZE
    entries, mark = feed.newest(viewer, size)
    context = kept | {
        "greeting": rules.greeting(local),
        "first_name": str(viewer).split()[0],
        "local": local,
        "rows": needs.lines(shown, known),
        "needing": len(waiting),
        "beyond": len(waiting) - viewer.day_capacity,
        "done_today": len(away),
        "capacity": viewer.day_capacity,
        "untouched_days": viewer.untouched_days,
        "behind": figures.behind(viewer),
        "most_untouched": figures.MOST_UNTOUCHED,
        "tasks": _tasks(viewer, now),
        "entries": entries,
        "mark": mark,
        "short": size == len(entries) == feed.SIZE,
        "cards": [
            {"template": card.template, "context": found}
            for card in slots.today_cards
            if (found := card.context(viewer, request)) is not None
        ],
    }
    return render(request, "crm/home/today.html", context)


@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """What has come in since `?after=`, a mark of ours; 204 when nothing has."""
    mark = feed.Mark.parse(request.GET.get("after", ""))
    if mark is None:
        return HttpResponse(status=204)
    entries, newer = feed.since(viewer_of(request), mark)
    if newer == mark:
        return HttpResponse(status=204)
    return render(request, "crm/home/live.html", {"entries": entries, "mark": newer})


def _key(viewer: User, now: datetime) -> str:
    """Of what is kept: what was kept for wider eyes is not shown to narrower ones."""
    return f"today:{viewer.pk}:{viewer.role}:{viewer.sees}:{viewer.untouched_days}:{now:%Y%m%d}"


def _kept_when_slow(key: str, compute: Any) -> dict[str, Any]:
    if found := caches["pages"].get(key):
        return found  # type: ignore[no-any-return]
    started = perf_counter()
    made: dict[str, Any] = compute()
    if perf_counter() - started > _SLOW_SECONDS:
        # Not the rows: whose they are is asked again on each page.
        caches["pages"].set(key, {name: part for name, part in made.items() if name != "known"}, _KEEP_SECONDS)
    return made


def _expensive(viewer: User, now: datetime) -> dict[str, Any]:
    return {"figures": figures.of(viewer, now)} | needs.ranked(viewer, now)


_due = Composed(
    lambda viewer, now, tomorrow: (
        Task.objects.waiting_for(viewer, now)
        .filter(due_at__lt=tomorrow)
        .order_by("due_at", "id")
        .values_list(*LINE)[:_TASKS]
    ),
    SIGHT, datetime, datetime,
)  # fmt: skip


def _tasks(viewer: User, now: datetime) -> list[TaskLine]:
    """What is late or due today, the oldest first."""
    rows = _due.rows(viewer, now, bounds(now, viewer.zone).tomorrow)
    return [Task.line(dict(zip(LINE, row, strict=True)), viewer, now) for row in rows]


@require_POST
def done(request: HttpRequest, pk: int) -> HttpResponse:
    """Done with a customer for today: they do not come back before the viewer's tomorrow."""
    viewer, now, account = viewer_of(request), clock.now(), _account(request, pk)
    until = bounds(now, viewer.zone).tomorrow
    needs.put(viewer, account.pk, until, is_done=True, now=now)
    toast(request, f"Done for today: {account}", undo=_return_of(request, account, until))
    return redirect(_back(request))


@require_POST
def snooze(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a customer off, with the choices that tasks have."""
    viewer, now, account, form = viewer_of(request), clock.now(), _account(request, pk), SnoozeForm(request.POST)
    until = form.moment(viewer, now) if form.is_valid() else None
    if until is None or until <= now:
        toast(request, "Choose a day that is still to come.", level=messages.ERROR)
        return redirect(_back(request))
    needs.put(viewer, account.pk, until, is_done=False, now=now)
    local = until.astimezone(viewer.zone)
    back = f"{local:%A} {local.day} {local:%B}, {local:%H:%M}"
    toast(request, f"{account} is back on {back}", undo=_return_of(request, account, until))
    return redirect(_back(request))


@require_POST
def bring_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo either, known by its moment (`until`)."""
    account = _account(request, pk)
    try:
        until = clock.parse(request.GET.get("until", ""))
    except ValueError:
        raise BadRequest("The address does not say what to take back.") from None
    if needs.bring_back(viewer_of(request), account.pk, until):
        toast(request, f"Back in your day: {account}")
    else:
        toast(request, f"{account} has been put elsewhere since. Nothing changed.", level=messages.INFO)
    return redirect(_back(request))


@require_POST
def day(request: HttpRequest) -> HttpResponse:
    """How many customers fit into a day of the viewer's, and after how many days nobody may be left alone."""
    form = DayForm(request.POST, instance=User.objects.get(pk=viewer_of(request).pk))
    if form.is_valid():
        form.save()
        toast(request, "Your day is saved.")
    else:
        toast(request, first_fault(form), level=messages.ERROR)
    return redirect("home:today")


def _account(request: HttpRequest, pk: int) -> Account:
    return get_object_or_404(Account.objects.visible_to(request.user), pk=pk)


def _return_of(request: HttpRequest, account: Account, until: datetime) -> str:
    about = urlencode({"until": until.isoformat(), "next": _back(request)})
    return f"{reverse('home:bring_back', args=[account.pk])}?{about}"


def _back(request: HttpRequest) -> str:
    return next_url(request, reverse("home:today"))
