"""The engine room: whether the machine that keeps the customers works, and the mending of what stands still."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from crm import slots
from crm.home import headline
from crm.home.causes import in_words
from crm.home.forms import StopForm
from crm.home.models import Alarm
from crm.outbox import policy, stopping
from crm.outbox.models import Sender, Switch
from crm.slots import Load, Repair, Throughput, Trouble
from crm.team.models import User
from crm.team.permissions import demand
from crm.team.viewer import viewer_of
from crm.timeline.slots import waiting
from crm.web import clock, standing
from crm.web.faults import first_fault
from crm.web.pagination import BadCursor, Sort, keyset_page
from crm.web.standing import FIGURES, Standing
from crm.web.toasts import toast

#: So many rows of each kind are shown, and so many can be decided at once.
SHOWN = 50
AT_ONCE = 200
ALARMS = 20
#: What the list of facts can be narrowed to.
FACTS = {"due": "Due", "late": "Late", "parked": "Parked"}


@require_GET
def engine(request: HttpRequest) -> HttpResponse:
    """The page; for htmx the part that moves, which the page asks for every few seconds."""
    admin, now = _admin(request), clock.now()
    how = admin.standing = standing.read(now)  # type: ignore[attr-defined]
    lately = [find(now) for find in slots.throughput]
    below = _below(asked := request.GET.get("below", ""))
    alarms = list(Alarm.objects.order_by("-opened_at")[: ALARMS + 1])
    context: dict[str, Any] = {
        "how": how,
        "head": headline.of(how),
        "stopped": headline.no_mail_leaves(how),
        "notices": _notices(request, how),
        "alive": {name: how.pulses[pulse] for name, pulse in _ALIVE.items() if pulse in how.pulses},
        "lately": lately[0] if lately else None,
        "bars": _bars(lately[0]) if lately else [],
        "sources": _sources(how),
        "figures": FIGURES,
        "most": slots.MOST,
        "repairs": [
            _repair(name, kind, count, below.get(name))
            for name, kind in slots.repairs.items()
            if (count := _counted(how, kind))
        ],
        "below": asked if below else "",
        "policy": (stops := stopping.now_thrown()),
        "switches": stops.switches,
        "all_stopped": any(switch.scope == "all" for switch in stops.switches),
        "alarms": alarms[:ALARMS],
        "alarms_more": len(alarms) > ALARMS,
        "goes_on": any(alarm.is_open for alarm in alarms),
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "crm/home/engine.html#live", context)
    return render(request, "crm/home/engine.html", context | {"senders": _senders(how)})


def _notices(request: HttpRequest, how: Standing) -> list[slots.Notice]:
    """What stands on other pages too, unless the headline here says it."""
    if headline.of(how).stops_mail or not (notice := slots.notices["mail"](request, how)):
        return []
    return [notice]


#: What shows that somebody rings, and that somebody answers.
_ALIVE = {"beat": "heartbeat", "worker": "outbox"}


def _admin(request: HttpRequest) -> User:
    viewer = viewer_of(request)
    demand(viewer, "manage_settings")
    return viewer


def _sources(how: Standing) -> list[dict[str, Any]]:
    """The table: a stretch for each kind of work, a row for each group, and the address behind each figure."""
    found = []
    for work, loads in groupby(how.loads, key=lambda load: load.work):
        source = slots.loads[work]
        found.append({"label": source.label, "rows": [_row(source, load) for load in loads]})
    return found


def _row(source: slots.LoadSource, load: Load) -> dict[str, Any]:
    cells = [
        {"name": name, "count": (count := getattr(load, name)), "url": source.rows(load.group, name) if count else "",
         "more": count > slots.MOST, "echo": name in source.echoes}
        for name in FIGURES
    ]  # fmt: skip
    return {"load": load, "cells": cells, "quiet": not any(cell["count"] for cell in cells)}


#: The drawing of the last hour: sixty bars, so wide each, in a picture so high.
_BAR, _HIGH = 4, 32


def _bars(lately: Throughput) -> list[dict[str, int]]:
    most = max([*lately.minutes, 1])
    heights = [round(count * _HIGH / most) if count else 0 for count in lately.minutes]
    return [{"x": at * _BAR, "y": _HIGH - high, "height": high} for at, high in enumerate(heights) if high]


def _counted(how: Standing, kind: Repair) -> int:
    return sum(getattr(load, kind.figure) for load in how.of(kind.work))


def _below(asked: str) -> dict[str, int]:
    """Of one kind of rows the place under which they are shown, as its address names it: failed-1204."""
    kind, _, place = asked.rpartition("-")
    known = kind in slots.repairs and place.isascii() and place.isdigit() and len(place) <= 18
    return {kind: int(place)} if known else {}


def _repair(name: str, kind: Repair, count: int, below: int | None) -> dict[str, Any]:
    """The rows of one kind by their cause in words, the cause of most of them first.

    Those `below` a place, or the latest ones. `left` are not shown, and `next` is the place below which they stand.
    """
    by_cause: dict[str, list[Trouble]] = {}
    said: dict[str, dict[str, None]] = {}
    found = kind.find(SHOWN + 1, below)
    rows, more = found[:SHOWN], len(found) > SHOWN
    for row in rows:
        words, raw = in_words(row.cause)
        by_cause.setdefault(words, []).append(row)
        said.setdefault(words, {}).update({raw: None} if raw else {})
    verbs = [(verb, each) for verb, each in kind.verbs.items() if each.offered]
    causes = [
        (words, found, list(said[words])) for words, found in sorted(by_cause.items(), key=lambda one: -len(one[1]))
    ]
    shown = {
        "shown": len(rows), "left": 0 if below else max(count - len(rows), 0), "older": below is not None,
        "next": rows[-1].stands if more else None,
    }  # fmt: skip
    return {"name": name, "kind": kind, "causes": causes, "verbs": verbs} | shown


def _senders(how: Standing) -> list[str]:
    return [load.group for load in how.of("outbox")] or [Sender.DEFAULT]


def _posted(view: Any) -> Any:
    """Only by POST; whoever comes by hand, or back from signing in, finds the page on which it is done."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def guarded(request: HttpRequest, **more: Any) -> HttpResponse:
        _admin(request)
        return view(request, **more) if request.method == "POST" else redirect("home:engine")

    return guarded


@_posted
def repair(request: HttpRequest, kind: str, verb: str) -> HttpResponse:
    """Do one thing to several rows of a kind; an undo names them in its address."""
    admin = _admin(request)
    found = slots.repairs.get(kind)
    chosen = found.verbs.get(verb) if found else None
    if chosen is None:
        raise Http404
    ids, reason = _ids(request), request.POST.get("reason", "").strip()[:200]
    if not ids:
        toast(request, f"Nothing was chosen. Tick what to {chosen.label.lower()}.", level=messages.ERROR)
    elif chosen.offered and not reason:
        toast(request, "Say why: it is kept with your name. Nothing was changed.", level=messages.ERROR)
    else:
        done = chosen.run(ids, reason, admin, clock.now())
        standing.forget()
        _report(request, kind, chosen, len(ids) - len(done), done)
    # Back to where one was: to the rest of the kind, or to what else needs a decision.
    return redirect(f"{reverse('home:engine')}#{kind if found and found.find(1) else 'decisions'}")


def _ids(request: HttpRequest) -> list[int]:
    """Of the ticked rows, or in the address; what is no number names nothing."""
    given = request.POST.getlist("id") or request.GET.get("ids", "").split(",")
    return [int(text) for text in given if text.isascii() and text.isdigit() and len(text) <= 18][:AT_ONCE]


def _report(request: HttpRequest, kind: str, verb: slots.Verb, others: int, done: Sequence[int]) -> None:
    """The undo takes back what was done here, and nothing that somebody else did to other rows that were chosen."""
    if not done:
        toast(
            request, "Nothing was changed: somebody else was quicker, or it cannot be done now.", level=messages.ERROR
        )
        return
    left = f" Left as they were: {others}." if others else ""
    undo = (
        f"{reverse('home:engine_repair', args=[kind, verb.undo])}?ids={','.join(map(str, done))}" if verb.undo else ""
    )
    toast(request, f"{verb.done}: {len(done)}.{left}", undo=undo)


@_posted
def switches(request: HttpRequest) -> HttpResponse:
    """Throw a kill switch, for a reason."""
    admin = _admin(request)
    form = StopForm(request.POST if "scope" in request.POST else request.GET)
    if not form.is_valid():
        toast(request, first_fault(form), level=messages.ERROR)
        return redirect("home:engine")
    scope = form.cleaned_data["scope"]
    policy.throw(scope, form.cleaned_data["reason"], clock.now(), admin)
    undo = f"{reverse('home:engine_lifting')}?{urlencode({'scope': scope})}"
    toast(request, f"Stopped: {form.words}.", undo=undo)
    return redirect("home:engine")


@_posted
def lifting(request: HttpRequest) -> HttpResponse:
    """Take a kill switch back. What has become too late meanwhile is skipped."""
    admin = _admin(request)
    scope = request.POST.get("scope") or request.GET.get("scope", "")
    thrown = Switch.objects.filter(scope=scope).first() if "\0" not in scope else None
    if thrown is None or not policy.lift(scope, clock.now(), admin):
        toast(request, "It was not stopped any more.", level=messages.ERROR)
        return redirect("home:engine")
    undo = (
        f"{reverse('home:engine_switches')}?{urlencode({'scope': scope, 'reason': thrown.reason or 'Stopped again.'})}"
    )
    toast(request, "Mail goes on. What has become too late meanwhile is skipped.", undo=undo)
    return redirect("home:engine")


@require_GET
def facts(request: HttpRequest) -> HttpResponse:
    """The facts behind a figure: those that wait to be read, those that are late, those that are parked."""
    _admin(request)
    only, now = request.GET.get("only", "due"), clock.now()
    if only not in FACTS:
        raise Http404
    try:
        page = keyset_page(waiting(only, now), Sort("id"), request.GET.get("cursor"))
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    part = "#rows" if request.htmx and request.GET.get("cursor") else ""  # type: ignore[attr-defined]
    context = {"page": page, "only": only, "facts": FACTS}
    return render(request, f"crm/home/engine_facts.html{part}", context)
