"""How the clocks of a ticket stand, and how that came: its page asks for it when somebody looks."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from crm.team.viewer import viewer_of
from crm.tickets import clocks
from crm.tickets.models import Ticket
from crm.web import clock as time


@require_safe
def clock(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = viewer_of(request)
    rows = Ticket.objects.visible_to(viewer).select_related("account", "level")
    ticket = get_object_or_404(rows, pk=pk)
    rating = ticket.ratings.select_related("outbound").order_by("-pk").first()
    lines = clocks.explain(ticket, time.now(), viewer.zone)
    part = "" if request.htmx else "_page"  # type: ignore[attr-defined]
    return render(request, f"crm/tickets/clock{part}.html", {"ticket": ticket, "lines": lines, "rating": rating})
