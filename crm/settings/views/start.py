"""The first run: what is done, what is next, and the two steps that are taken here."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from crm.outbox import trying
from crm.settings import rules
from crm.settings import start as first_run
from crm.settings.actions import dns
from crm.settings.models import DomainLook
from crm.team.models import Organisation
from crm.team.permissions import requires
from crm.team.viewer import viewer_of
from crm.web import clock
from crm.web.returning import next_url
from crm.web.toasts import toast

_LETTER = (
    "A letter to yourself",
    """Hello {{ name }},

this is the letter that you asked Holdfast to write. That you read it means: mail leaves, and arrives.

{{ base_url }}""",
)


@require_safe
@requires("manage_settings")
def start(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    progress = first_run.look(viewer, clock.now())
    steps = [
        {
            "name": name,
            "step": step,
            "state": state,
            "url": reverse(step.url_name) + (step.anchor and f"#{step.anchor}"),
        }
        for name, step, state in progress.steps
    ]
    facts = first_run.facts_for(viewer)
    context: dict[str, Any] = {
        "progress": progress, "steps": steps, "domain": facts.domain, "look": facts.look,
        "records": _records(facts.look), "letter": facts.letter, "way_out": settings.EMAIL_URL,
        "outlook": trying.outlook(viewer),
    }  # fmt: skip
    return render(request, "crm/settings/start.html", context)


@require_safe
@requires("manage_settings")
def card(request: HttpRequest) -> HttpResponse:
    """How far it is, for a corner of another page; nothing once it is done or put away."""
    progress = first_run.look(viewer_of(request), clock.now())
    if not progress.shown:
        return HttpResponse()
    return render(request, "crm/settings/start_card.html", {"progress": progress})


def _records(look: DomainLook | None) -> list[dict[str, str]]:
    """One line for each: what it is for, what was found, or why nobody knows."""
    if look is None:
        return []
    return [
        {"label": label, "why": why, "found": getattr(look, name), "problem": look.problems.get(name, "")}
        for name, (label, why) in rules.RECORDS.items()
    ]


@require_POST
@requires("manage_settings")
def put_away(request: HttpRequest) -> HttpResponse:
    """No other page reminds of the steps any more; `again=1` brings them back."""
    away = None if request.POST.get("again") else clock.now()
    Organisation.objects.update_or_create(pk=Organisation.ONLY, defaults={"start_put_away_at": away})
    toast(
        request,
        "The first steps are put away. They stay here, under Settings." if away else "You will be reminded again.",
    )
    return redirect("settings:start")


@require_POST
@requires("manage_settings")
def look_up(request: HttpRequest) -> HttpResponse:
    """Ask the DNS now."""
    domain, selector = first_run.facts_for(viewer_of(request)).domain, request.POST.get("selector", "").strip().lower()
    if not domain:
        toast(request, "Give mail a sender’s address first: DEFAULT_FROM_EMAIL in .env.", level=messages.ERROR)
    elif selector and not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", selector[:63]):
        toast(
            request,
            "That is no selector. It is the word before “._domainkey” in what your provider told you.",
            level=messages.ERROR,
        )
    else:
        dns.look_up(domain, selector[:63], clock.now())
    return redirect(reverse("settings:start") + "#domain")


@require_POST
@requires("manage_settings")
def test_mail(request: HttpRequest) -> HttpResponse:
    """To oneself. It leaves as all mail does, and also while that is on hold."""
    user, now = viewer_of(request), clock.now()
    # One a minute: whoever presses twice wants one letter.
    trying.write_to_oneself(user, f"test-mail:{user.pk}:{now:%Y%m%d%H%M}", _LETTER, now, {"name": user.name})
    toast(request, f"A letter to {user.email} is planned. {trying.outlook(user)}")
    return redirect(next_url(request, reverse("settings:start") + "#test-mail"))
