"""Everything that connects this house with others: how it stands, a test, and where it is set up."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm import slots
from crm.slots import Traffic
from crm.team.permissions import requires
from crm.web import clock


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
            "test": reverse(card.test[0], args=card.test[1:]) if card.test and card.can_be_tested() else "",
        }
        for name, card in slots.integrations.items()
    ]  # fmt: skip
    set_up = [card for card in cards if card["state"].tone]  # type: ignore[attr-defined]
    context = {"set_up": set_up, "others": [card for card in cards if card not in set_up]}
    return render(request, "crm/settings/integrations.html", context)


def _traffic(now: datetime) -> dict[str, Traffic]:
    parts, values = [], list[Any]()
    for name, card in slots.integrations.items():
        select, given = card.look(now)
        parts.append(f"SELECT %s AS name, many, last_at, trouble FROM ({select}) AS card")  # noqa: S608  (the rooms' own)
        values += [name, *given]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        return {name: Traffic(*traffic) for name, *traffic in cursor.fetchall()}
