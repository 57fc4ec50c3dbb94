"""The page of a ticket: what was said in order, who asks, and the place to answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from crm.team.models import User
from crm.team.permissions import allows
from crm.team.viewer import viewer_of
from crm.tickets import reading, walking
from crm.tickets.models import Ticket
from crm.tickets.rules.due import due
from crm.tickets.views import ticket_facts
from crm.tickets.views.ticket_aside import aside
from crm.tickets.views.ticket_composer import composer
from crm.tickets.views.ticket_lines import last_of, lines, waiting, way_of
from crm.web import clock
from crm.web.addresses import address
from crm.web.pagination import BadCursor


@require_safe
@vary_on_headers("HX-Request")
def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; for htmx with a cursor only what was said before."""
    viewer, now = viewer_of(request), clock.now()
    if request.htmx and request.GET.get("cursor"):
        return _earlier(request, ticket_of(request, pk), viewer, now)
    found = reading.ticket(pk, viewer)
    if found is None:
        raise Http404("There is no such ticket that you may see.")
    context = talk(found, viewer, now) | head(found, viewer) | standing(found, viewer, now)
    context |= composer(found, viewer, now) | aside(request, found, viewer, now)
    context |= {"facts": ticket_facts.rows(found), "now": now, "here": request.get_full_path()}
    context["refused"] = context["why_not"]
    context["walk"] = walking.around(request.GET.get("from", ""), viewer, now)
    return render(request, "crm/tickets/ticket.html", context)


def ticket_of(request: HttpRequest, pk: int) -> Ticket:
    """Raises Http404."""
    return get_object_or_404(Ticket.objects.visible_to(request.user), pk=pk)


def talk(found: Ticket, viewer: User, now: datetime) -> dict[str, Any]:
    """The last messages, with what happened between them."""
    page = reading.latest(found.pk)
    told = reading.talk(found.pk, page)
    return {
        "ticket": found, "lines": lines(told.messages, told.events, found, viewer, now), "earlier": told.next,
        "last": last_of(page.rows), "waiting": waiting(page.rows), "mark": found.updated_at.isoformat(),
    }  # fmt: skip


def head(found: Ticket, viewer: User) -> dict[str, Any]:
    """What is on top, and what can be done there."""
    followed: list[dict[str, Any]] = getattr(found, "followed", [])
    here = address("tickets:detail", found.pk)
    return {
        "ticket": found, "answers_by": way_of(found.reply_channel),
        "followers": [one["name"] or one["email"] for one in followed],
        "follows": any(one["pk"] == viewer.pk for one in followed),
        "requester_url": f"{here}requester/", "merge_url": f"{here}merging/", "spam_url": f"{here}spam/",
    }  # fmt: skip


def standing(found: Ticket, viewer: User, now: datetime) -> dict[str, Any]:
    """How it stands and may be turned: what changes on a page that is open."""
    by = found.due_by and timezone.localtime(found.due_by)
    return {
        "due": due(found.status, by, timezone.localtime(now)), "may_work": allows(viewer, "tickets"),
        "statuses": [(value, label) for value, label in Ticket.Status.choices if value not in ("new", "closed")],
    }  # fmt: skip


def _earlier(request: HttpRequest, found: Ticket, viewer: User, now: datetime) -> HttpResponse:
    try:
        page, until = reading.earlier(found.pk, request.GET["cursor"])
    except BadCursor as error:
        raise BadRequest(str(error)) from error
    told = reading.talk(found.pk, page, until)
    context = {
        "ticket": found, "lines": lines(told.messages, told.events, found, viewer, now), "earlier": told.next,
        "may_work": allows(viewer, "tickets"),
    }  # fmt: skip
    return render(request, "crm/tickets/ticket_talk.html#lines", context)
