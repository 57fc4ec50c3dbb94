"""The queue."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from crm.segments.listing import show
from crm.team.viewer import viewer_of
from crm.tickets.finding import numbered
from crm.tickets.lists import QUEUE
from crm.tickets.models import Ticket
from crm.tickets.rules import DONE
from crm.tickets.rules.due import due
from crm.web import clock

#: Tickets whose time is asked for at once: a page of the queue, loaded a few times further.
_MOST_ASKED, _LONGEST_ID = 200, 18


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


@require_GET
def dues(request: HttpRequest) -> JsonResponse:
    """How the tickets `of` (numbers, by commas) stand by now: {number: [words, tone]}, for the queue beside one."""
    asked = request.GET.get("of", "").split(",")[:_MOST_ASKED]
    numbers = [int(one) for one in asked if one.isascii() and one.isdecimal() and len(one) <= _LONGEST_ID]
    rows = Ticket.objects.visible_to(viewer_of(request)).filter(pk__in=numbers)
    now, told = timezone.localtime(clock.now()), rows.values_list("pk", "status", "due_by")
    return JsonResponse({pk: _stands(status, due_by, now) for pk, status, due_by in told})


def _stands(status: str, due_by: datetime | None, now: datetime) -> tuple[str, str]:
    """How long there is; of what is done, that it is."""
    said = due(status, due_by and timezone.localtime(due_by), now)
    if said:
        return said.words, said.tone
    return (Ticket.Status(status).label.lower(), Ticket.TONES[status]) if status in DONE else ("", "")
