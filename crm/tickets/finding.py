"""What is found of tickets by what somebody types: their number, their subject, who asks."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Q, QuerySet

from crm.accounts.models import Contact
from crm.accounts.models.contacts import dialled
from crm.segments.filters import searching
from crm.team.models import AnyOf, User


def called(rows: QuerySet[Any], text: str, viewer: User) -> QuerySet[Any]:
    """Whose subject holds the text, or the name or address of whoever asks, or a number of theirs; begins with it when
    it is too short for trigrams. “#123” is that number."""
    if number := numbered(text):
        return rows.filter(pk=number)
    found = Q()
    for column in ("subject", "requester_name", "requester_handle"):
        found |= Q(searching.holds(F(column), text))
    if digits := dialled(text):
        found |= Q(searching.holds(F("requester_handle"), digits))
    # As an array, which an index of tickets is asked with like with the words; of people whom the viewer may see.
    people = Contact.objects.visible_to(viewer).called(text).order_by()
    return rows.filter(found | Q(AnyOf(F("contact_id"), ArraySubquery(people.values("pk")))))


def alike(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Whose subject has words much like it, the likest first."""
    return searching.alike(rows, "subject", text)


def numbered(text: str) -> int | None:
    """The number of “#123”."""
    digits = text.strip().removeprefix("#")
    is_number = text.strip().startswith("#") and digits.isascii() and digits.isdecimal() and len(digits) < 19
    return int(digits) if is_number else None
