"""What the search finds of tickets: the one of that number, and those whose subject holds the text."""

from __future__ import annotations

from typing import Any

from crm.slots import Found, SearchSource, search_sources
from crm.team.models import User
from crm.tickets.finding import alike, called
from crm.tickets.lists import requester
from crm.tickets.models import Ticket
from crm.web.addresses import address

_FIELDS = (
    "id", "subject", "status", "account__name", "contact_id", "contact__first_name", "contact__last_name",
    "contact__email", "requester_name", "requester_handle",
)  # fmt: skip
#: Texts that are shorter are like too much.
_SHORTEST, _SHORTEST_ALIKE = 3, 4
#: So many that hold the text are looked at for each line shown, so that open ones stand first.
_LOOKED_AT = 6


def find(viewer: User, text: str, limit: int) -> list[Found]:
    """“#123”, or “123”, is that ticket; else those that hold the text, open ones first."""
    digits = text.removeprefix("#")
    is_number = digits.isascii() and digits.isdecimal() and len(digits) < 19
    if not is_number and len(text) < _SHORTEST:
        return []
    rows = Ticket.objects.visible_to(viewer).filter(is_spam=False).order_by()
    found = rows.filter(pk=int(digits)) if is_number else called(rows, text, viewer)
    lines = list(found.values(*_FIELDS)[: limit * _LOOKED_AT])
    lines.sort(key=lambda row: (row["status"] in ("solved", "closed"), -row["id"]))
    return [_line(row) for row in lines[:limit]]


def find_alike(viewer: User, text: str, limit: int) -> list[Found]:
    """Those whose subject has words much like it."""
    if len(text) < _SHORTEST_ALIKE:
        return []
    rows = Ticket.objects.visible_to(viewer).filter(is_spam=False)
    return [_line(row) for row in alike(rows, text).values(*_FIELDS)[:limit]]


def _line(row: dict[str, Any]) -> Found:
    second = " · ".join(filter(None, (requester(row), row["account__name"], _status(row["status"]))))
    return Found(f"#{row['id']} {row['subject']}", address("tickets:detail", row["id"]), "ticket", second)


def _status(status: str) -> str:
    return str(Ticket.Status(status).label).lower()


def register_search() -> None:
    search_sources.register("tickets", SearchSource("Tickets", find, find_alike, order=28))
