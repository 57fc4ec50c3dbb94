"""The queue."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from crm.segments.listing import show
from crm.team.viewer import viewer_of
from crm.tickets.lists import QUEUE, numbered
from crm.tickets.models import Ticket


@require_GET
@vary_on_headers("HX-Request")
def queue(request: HttpRequest) -> HttpResponse:
    """The page; for htmx only its rows. Whoever searches for “#123” and presses Enter is at that ticket."""
    number = numbered(request.GET.get("q", ""))
    if number and not request.htmx:  # type: ignore[attr-defined]
        found = Ticket.objects.visible_to(viewer_of(request)).filter(pk=number).first()
        if found:
            return redirect(found)
    return show(request, QUEUE, "crm/tickets/queue.html")
