"""Everything that connects this house with others: how it stands, a test, and where it is set up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from crm import slots
from crm.settings.knocking import Unreachable, knock
from crm.slots import Integration, Traffic
from crm.team.permissions import requires
from crm.web import clock
from crm.web.returning import next_url
from crm.web.toasts import toast


@require_safe
@requires("manage_settings")
def integrations(request: HttpRequest) -> HttpResponse:
    """One card each; all of them are asked in one statement."""
    now = clock.now()
    seen = _traffic(now)
    cards = [
        {
            "label": card.label, "hint": card.hint, "icon": card.icon, "url": reverse(card.url_name),
            "state": card.says(seen[name]), "last_at": seen[name].last_at, "trouble": seen[name].trouble,
            "test": _test(name, card),
        }
        for name, card in slots.integrations.items()
    ]  # fmt: skip
    set_up = [card for card in cards if card["state"].tone]  # type: ignore[attr-defined]
    context = {"set_up": set_up, "others": [card for card in cards if card not in set_up]}
    return render(request, "crm/settings/integrations.html", context)


def _test(name: str, card: Integration) -> str:
    """The address that tries it; blank: nothing to be tried."""
    if card.test:
        return reverse(card.test[0], args=card.test[1:]) if card.can_be_tested() else ""
    return reverse("settings:knock", args=[name]) if card.ways_in() else ""


@require_POST
@requires("manage_settings")
def knocking(request: HttpRequest, name: str) -> HttpResponse:
    """Ask at the addresses of a card, from outside. Nothing is changed."""
    card = slots.integrations.get(name)
    ways = card.ways_in() if card else ()
    if card is None or not ways:
        raise Http404("There is no such integration, or nobody comes in by it.")
    try:
        asked = [knock(way) for way in ways]
    except Unreachable as error:
        toast(request, str(error), level=messages.ERROR)
    else:
        toast(request, f"{card.label}: {asked[0]} is reached from outside{_and_more(asked)}.")
    return redirect(next_url(request, reverse("settings:integrations")))


def _and_more(asked: Sequence[str]) -> str:
    return f", and {len(asked) - 1} more" if len(asked) > 1 else ""


def _traffic(now: datetime) -> dict[str, Traffic]:
    parts, values = [], list[Any]()
    for name, card in slots.integrations.items():
        select, given = card.look(now)
        parts.append(f"SELECT %s AS name, many, last_at, trouble FROM ({select}) AS card")  # noqa: S608  (the rooms' own)
        values += [name, *given]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return {name: Traffic(*traffic) for name, *traffic in cursor.fetchall()}
