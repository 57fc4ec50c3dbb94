"""The page on which a customer leaves. Opening it changes nothing, whoever opens it: people decide by a POST.

Two steps, both without a script: why, then what fits that reason beside the end itself. It sets and asks for no cookie.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.core.internal import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm.leaving import actions, reading, tokens
from crm.leaving.forms import DecideForm, WhyForm
from crm.leaving.reading import Case
from crm.leaving.tokens import Link
from crm.web import clock

#: Answers from one address of the internet.
_RATE = "20/10m/ip"


@csrf_exempt  # the token is the proof, and whoever comes from a mail brings no cookie
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    link, now = tokens.read(token), clock.now()
    if link is None:
        return render(request, "crm/leaving/no_such.html", status=404)
    case = reading.case(link, now)
    if case is None:
        return render(request, "crm/leaving/gone.html", status=404)
    if link.last_on < case.today:
        return render(request, "crm/leaving/expired.html", {"link": link}, status=410)
    if request.method != "POST":
        return _why(request, case, WhyForm())
    if case.ends_on is None:  # meanwhile it was cancelled, or ran out
        return redirect(request.path)
    if not ratelimit.consume(request, app="crm.leaving", action="answer", config={"answer": _RATE}):
        because = "Many answers came from where you are. Wait ten minutes, then send it again; nothing has changed."
        return _why(request, case, WhyForm(request.POST), because, 429)
    if "took" in request.POST:
        return _decided(request, link, case, now)
    form = WhyForm(request.POST)
    return _offered(request, case, form) if form.is_valid() else _why(request, case, form, status=422)


def _why(request: HttpRequest, case: Case, form: WhyForm, alarm: str = "", status: int = 200) -> HttpResponse:
    context = {"case": case, "form": form, "alarm": alarm}
    return render(request, "crm/leaving/page.html", context, status=status)


def _offered(request: HttpRequest, case: Case, form: WhyForm, alarm: str = "", status: int = 200) -> HttpResponse:
    """What fits their reason, and the end beside it: with the day, and what happens then."""
    said: dict[str, Any] = form.cleaned_data
    context = {"case": case, "said": said, "offer": reading.offer_for(case, said["reason"]), "alarm": alarm}
    return render(request, "crm/leaving/decide.html", context, status=status)


def _decided(request: HttpRequest, link: Link, case: Case, now: datetime) -> HttpResponse:
    form = DecideForm(request.POST)
    if not form.is_valid():
        return _why(request, case, WhyForm(request.POST), "That could not be read. Choose once more.", 422)
    try:
        actions.answer(link.contract_id, form.answer, now)
    except actions.NotAnyMore as error:
        fresh = reading.case(link, now)
        if fresh is None or fresh.ends_on is None:
            return redirect(request.path)  # where it stands now says more than what it was refused for
        return _offered(request, fresh, form, str(error), 409)
    return redirect(request.path)
