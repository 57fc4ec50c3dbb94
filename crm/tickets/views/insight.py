"""How the desk does in a stretch of time, and what customers said of it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm.segments import drawing
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.tickets.insight import content, figures, reading
from crm.tickets.insight.drawing import bars
from crm.tickets.insight.stretch import BY, READY, Stretch, asked, last_days
from crm.tickets.models import TicketOverload
from crm.tickets.rules.rating import FEW
from crm.web import clock
from crm.web.pagination import BadCursor, Sort, keyset_page

#: How ratings are told apart: by what they hold, as it was when the ticket was solved.
_HELD = {"assignee": "agent", "team": "team", "category": "category", "channel": "ticket__channel"}


@require_safe
@requires("view")
def insight(request: HttpRequest) -> HttpResponse:
    viewer, now = viewer_of(request), clock.now()
    stretch = asked(request.GET.dict(), now)
    days = figures.days(viewer, stretch)
    total, lines = reading.lines(viewer, stretch)
    open_now = TicketOverload.objects.visible_to(viewer).filter(ended_at=None)
    context: dict[str, Any] = {
        "stretch": stretch, "by": BY, "label": BY[stretch.by], "total": total, "lines": lines,
        "ready": [(days, last_days(days, now, stretch.by)) for days in READY],
        "backlog": drawing.chart([(day.day, day.waiting) for day in days]), "waiting": days[-1].waiting,
        "bars": bars(days), "solved": sum(day.solved for day in days),
        "unsolved_url": f"{reverse('tickets:list')}?view=all&status=unsolved",
        "content": content.trend(viewer, stretch), "few": FEW,
        "overloads": open_now.select_related("category", "account").order_by("-found")[:5],
        "empty": not (total.opened.count or total.solve.count or total.answer.count or days[-1].waiting),
    }  # fmt: skip
    return render(request, "crm/tickets/insight.html", context)


@require_safe
@requires("view")
def ratings(request: HttpRequest) -> HttpResponse:
    """What customers answered, the latest first."""
    viewer, now = viewer_of(request), clock.now()
    stretch = asked(request.GET.dict(), now)
    rows, key = _narrowed(figures.ratings(viewer, stretch), stretch, request.GET.get("key"))
    try:
        page = keyset_page(rows, Sort("answered_at", descending=True), request.GET.get("after"))
    except BadCursor:
        raise Http404("The page has no such place.") from None
    more = stretch.query(**({} if key is None else {"key": key}), after=page.next) if page.next else ""
    context = {"stretch": stretch, "page": page, "more": more, "label": BY[stretch.by]}
    return render(request, "crm/tickets/ratings.html", context)


def _narrowed(rows: Any, stretch: Stretch, key: str | None) -> tuple[Any, str | None]:
    """To one agent, team, channel or category, or to those without; None: all."""
    if key is None:
        return rows, None
    held = _HELD[stretch.by]
    if key == "":
        return rows.filter(**{f"{held}__isnull": True}), ""
    if stretch.by != "channel" and not (key.isascii() and key.isdecimal() and len(key) < 19):
        raise Http404("There is no such one.")
    return rows.filter(**{held: key}), key
