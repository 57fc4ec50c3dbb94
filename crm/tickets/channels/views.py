"""The channels for admins: how each stands and is set up, a test of each, and a pause."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from crm.outbox import policy
from crm.outbox.channels.chats import WAYS, ChatWay
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.tickets.channels.standing import standings
from crm.web import clock
from crm.web.returning import next_url
from crm.web.toasts import toast


@require_safe
@requires("manage_settings")
def channels(request: HttpRequest) -> HttpResponse:
    """Each with what came and went last."""
    return render(request, "crm/tickets/channels/list.html", {"standings": standings(), "now": clock.now()})


@require_POST
@requires("manage_settings")
def test(request: HttpRequest, channel: str) -> HttpResponse:
    """Ask the other side who we are there. Nobody is written to."""
    try:
        toast(request, _way(channel).open().probe())
    except ValueError as error:
        toast(request, str(error), level=messages.ERROR)
    return redirect(next_url(request, reverse("channels:list")))


@require_POST
@requires("manage_mail")
def pause(request: HttpRequest, channel: str) -> HttpResponse:
    """Nothing leaves there from now on, or with `lift` again. It is a switch as the engine room has others."""
    way, now, scope = _way(channel), clock.now(), f"channel:{channel}"
    if "lift" in request.POST:
        policy.lift(scope, now)
        toast(request, f"Answers leave by {way.label} again.")
    else:
        policy.throw(scope, "Paused under Settings, Channels.", now, viewer_of(request))
        toast(request, f"What leaves by {way.label} waits until you let it go on.")
    return redirect("channels:list")


def _way(channel: str) -> ChatWay:
    if channel not in WAYS:
        raise Http404("There is no such channel.")
    return WAYS[channel]
