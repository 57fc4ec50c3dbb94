"""A ticket for whoever calls."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from crm.team.models import User
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.tickets.actions.calling import log
from crm.tickets.callers import Caller, caller, callers_like
from crm.tickets.forms.new import NewTicketForm
from crm.web import clock
from crm.web.returning import next_url
from crm.web.toasts import toast


@require_http_methods(["GET", "HEAD", "POST"])
@requires("tickets")
def new_ticket(request: HttpRequest) -> HttpResponse:
    """`contact` or `account` in the address chooses for whom."""
    viewer, now = viewer_of(request), clock.now()
    if request.method != "POST":
        form = NewTicketForm(viewer=viewer, initial=_asked_for(request))
        return _page(request, form, caller(str(form.initial.get("caller", "")), viewer))
    form = NewTicketForm(request.POST, viewer=viewer)
    if not form.is_valid():
        return _page(request, form, caller(request.POST.get("caller", ""), viewer), 422)
    made = log(form.ticket(now), form.email_known, viewer, now)
    toast(request, f"Ticket {made} is there.")
    return redirect(made)


@require_GET
@requires("tickets")
def callers(request: HttpRequest) -> HttpResponse:
    """Who is meant by `find`, to choose from; or with `caller` the one who was chosen, and what they ask already.

    With `again` the search itself, for whoever has chosen the wrong one.
    """
    viewer = viewer_of(request)
    chosen = caller(request.GET.get("caller", ""), viewer)
    if chosen:
        return render(request, "crm/tickets/caller.html", _of(chosen, viewer))
    text = request.GET.get("find", "")
    template = "crm/tickets/caller_search.html" if "again" in request.GET else "crm/tickets/callers.html"
    return render(request, template, {"text": text.strip(), "found": callers_like(text, viewer)})


def _asked_for(request: HttpRequest) -> dict[str, Any]:
    for kind in ("contact", "account"):
        if pk := request.GET.get(kind):
            return {"caller": f"{kind}:{pk}"}
    return {}


def _of(chosen: Caller, viewer: User) -> dict[str, Any]:
    return {"chosen": chosen, "tickets": chosen.open_tickets(viewer)}


def _page(request: HttpRequest, form: NewTicketForm, chosen: Caller | None, status: int = 200) -> HttpResponse:
    viewer = viewer_of(request)
    context = {"form": form, "next": next_url(request, "/tickets/"), **(_of(chosen, viewer) if chosen else {})}
    if not chosen and form.is_bound:
        text = request.POST.get("find", "").strip()
        context |= {"text": text, "found": callers_like(text, viewer)}
    return render(request, "crm/tickets/new.html", context, status=status)
