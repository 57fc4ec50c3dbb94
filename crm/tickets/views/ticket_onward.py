"""After solving: on to the next ticket of the queue that one came from, for whoever wants it so."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm.team.models import User
from crm.team.permissions import requires
from crm.tickets import walking
from crm.web.returning import next_url
from crm.web.views import YEAR_SECONDS

#: Of a browser, as with its colours.
COOKIE, NEXT = "after_solving", "next"


@require_POST
@requires("tickets")
def onward(request: HttpRequest) -> HttpResponse:
    """Go on after solving, or with `stop` stay."""
    answer = redirect(next_url(request, reverse("tickets:list")))
    if "stop" in request.POST:
        answer.delete_cookie(COOKIE, samesite="Lax")
    else:
        answer.set_cookie(COOKIE, NEXT, max_age=YEAR_SECONDS, samesite="Lax", httponly=True, secure=request.is_secure())
    return answer


def goes_on(request: HttpRequest) -> bool:
    return request.COOKIES.get(COOKIE) == NEXT


def after_solving(request: HttpRequest, here: str, viewer: User, now: datetime) -> str:
    """Where one goes on from the ticket's page at this address: the next one, behind the last one the queue.

    Blank: one stays, or did not come from a queue.
    """
    whence = QueryDict(urlsplit(here).query).get("from", "") if goes_on(request) else ""
    around = walking.around(whence, viewer, now)
    return (around.next or around.back) if around else ""
