"""What is new since one looked, and who else is at it: asked every few seconds while a ticket is open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from crm.team.models import User
from crm.team.viewer import viewer_of
from crm.tickets import reading
from crm.tickets.models import Ticket
from crm.tickets.views import ticket_facts
from crm.tickets.views.ticket import head, standing, ticket_of
from crm.tickets.views.ticket_aside import about_person
from crm.tickets.views.ticket_composer import composer
from crm.tickets.views.ticket_lines import last_of, lines, waiting
from crm.web import clock, wording

#: Whoever was heard of so lately is still there.
THERE_FOR = timedelta(seconds=15)
#: One's own traces are kept so long.
_KEPT_FOR = timedelta(days=1)
_MOST_WAITING, _LONGEST_ID = 50, 18


@require_POST
def presence(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody has it open, and with `writing` is writing. Gives what is new; nothing new is an empty answer."""
    found, viewer, now = ticket_of(request, pk), viewer_of(request), clock.now()
    present = _present(pk, viewer, now, writing=bool(request.POST.get("writing")))
    context = since_then(request, found, viewer, now) | {"others": present, "asked_others": request.POST.get("others")}
    return render(request, "crm/tickets/ticket_live.html", context)


_PRESENT = """
    WITH mine AS (
        INSERT INTO crm_ticketpresence (ticket_id, user_id, seen_at, wrote_at)
        VALUES (%(ticket)s, %(user)s, %(now)s, %(wrote)s)
        ON CONFLICT (ticket_id, user_id) DO UPDATE
        SET seen_at = excluded.seen_at, wrote_at = coalesce(excluded.wrote_at, crm_ticketpresence.wrote_at)
    ), gone AS (
        DELETE FROM crm_ticketpresence WHERE user_id = %(user)s AND ticket_id <> %(ticket)s AND seen_at < %(old)s
    )
    SELECT coalesce(nullif(who.name, ''), who.email), other.wrote_at >= %(there)s
    FROM crm_ticketpresence other JOIN crm_user who ON who.id = other.user_id
    WHERE other.ticket_id = %(ticket)s AND other.user_id <> %(user)s AND other.seen_at >= %(there)s
    ORDER BY 1
"""


def _present(pk: int, viewer: User, now: datetime, *, writing: bool) -> str:
    """“Jonas is writing. Mira is also reading.”; blank: nobody else is here."""
    values: dict[str, Any] = {
        "ticket": pk, "user": viewer.pk, "now": now, "wrote": now if writing else None, "there": now - THERE_FOR,
        "old": now - _KEPT_FOR,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT, values)
        found = cursor.fetchall()
    said = []
    for names, verb in (
        ([name for name, writes in found if writes], "writing"), ([name for name, writes in found if not writes],
                                                                   "also reading")
    ):  # fmt: skip
        if names:
            said.append(f"{wording.listed(names)} {'is' if len(names) == 1 else 'are'} {verb}")
    return " · ".join(said)


def since_then(request: HttpRequest, found: Ticket, viewer: User, now: datetime) -> dict[str, Any]:
    """For the template: what the asker, who says what they have, has not. Most of the time that is nothing."""
    after, mark = _numbers(request, "after")[:1], _moment(request.POST.get("mark", ""))
    had = _numbers(request, "waiting")[:_MOST_WAITING]
    moved = mark is None or found.updated_at != mark
    rows = reading.news(found.pk, after[0] if after else 0, had) if moved or had else []
    fresh = [row for row in rows if row.arrival > (after[0] if after else 0) and row.pk not in had]
    events = reading.events(found.pk, mark) if moved and mark else []
    on_their_way = [row for row in rows if row not in fresh]
    context = {
        "ticket": found, "moved": moved, "lines": lines(fresh, events, found, viewer, now) if moved else [],
        "updated": lines(on_their_way, [], found, viewer, now), "heard": [row for row in fresh if row.kind == "in"],
        "last": max(after[0] if after else 0, last_of(rows)), "waiting": waiting(rows),
        "mark": found.updated_at.isoformat(), "here": page_of(request, found),
        "refused": request.POST.get("refused"),
    } | standing(found, viewer, now)  # fmt: skip
    return context | (_around(request, found, viewer, now) if moved else {})


def _around(request: HttpRequest, moved: Ticket, viewer: User, now: datetime) -> dict[str, Any]:
    """What stands beside the conversation, as it is by now; and the place to answer, where none could be written."""
    found = reading.ticket(moved.pk, viewer) or moved
    context: dict[str, Any] = {"facts": ticket_facts.rows(found), "ticket": found} | head(found, viewer)
    if found.contact and getattr(found, "account_shown", False):
        context["person"] = about_person(found.contact, now)
    if request.POST.get("refused"):
        again = composer(found, viewer, now)
        context |= again | {"refused": again["why_not"], "revived": not again["why_not"]}
    return context


def page_of(request: HttpRequest, found: Ticket) -> str:
    """The address of the page that asks, by which one comes back to the same place in the queue."""
    here: str = request.htmx.current_url_abs_path or found.get_absolute_url()  # type: ignore[attr-defined]
    return here.partition("#")[0]


def _moment(text: str) -> datetime | None:
    try:
        return clock.parse(text)
    except (ValueError, OverflowError):
        return None


def _numbers(request: HttpRequest, name: str) -> Sequence[int]:
    texts = request.POST.get(name, "").split(",")
    return [int(one) for one in texts if one.isascii() and one.isdecimal() and len(one) <= _LONGEST_ID]
