"""A person leaves the timeline: what happened stays and counts, but says no longer to whom."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from django.db import connection

from crm.slots import Person
from crm.web import clock, wording

#: What of an entry's payload says nothing about anybody, and stays.
_STAYS = ("minutes", "why_url", "merge", "before")


# Texts that may name somebody


def without(column: str) -> str:
    """SQL: a text in which what names the person, as `known_by` gives it, is replaced."""
    words = f"regexp_replace({column}, %(words)s, %(said)s, 'gi')"
    return f"regexp_replace({words}, %(surname)s, %(said)s, 'g')"


def naming(column: str) -> str:
    """SQL: whether a text names the person."""
    return f"({column} ~* %(words)s OR {column} ~ %(surname)s)"


def known_by(person: Person) -> dict[str, Any]:
    """The parameters of `without` and `naming`, and `contact`, `accounts`.

    Regular expressions of Postgres: `words` in any case, `surname` in its own; one that is empty matches nothing.
    """
    words = "|".join(_literal(word) for word in person.words)
    surnames = "|".join(_literal(name) for name in person.surnames)
    return {
        "contact": person.contact_id, "accounts": list(person.account_ids), "said": person.STAND_IN,
        "words": words or _NOTHING, "surname": rf"\m({surnames})\M" if surnames else _NOTHING,
    }  # fmt: skip


_NOTHING = r"$.^"


def _literal(word: str) -> str:
    return re.sub(r"([^\w\s@-])", r"\\\1", word)


# Entries --------------------------------------------------------------------------------------------------------------

#: By the noun of its kind, what an entry without its words still was.
_WAS = {
    "call": "A call with", "meeting": "A meeting with", "interview": "An interview with", "chat": "A chat with",
    "mail": "Mail with", "email": "Mail to", "message": "A message to", "note": "A note about", "file": "A file of",
    "ticket": "A ticket of", "task": "A task about", "usage": "Use by",
}  # fmt: skip
# Their own entries lose every word; whose they were is forgotten with the row that they pointed at. What is left says
# what it was, and since when no more is known.
_OWN = """
    UPDATE crm_timelineentry e SET contact_id = NULL,
        text = coalesce(%(was)s::jsonb ->> split_part(e.kind, '.', 1), 'About') || ' somebody who was erased',
        payload = coalesce((SELECT jsonb_object_agg(key, value) FROM jsonb_each(e.payload)
            WHERE key = ANY(%(stays)s)), '{}') || jsonb_build_object('note', %(since)s::text)
    WHERE contact_id = %(contact)s
"""
# In other entries of the customer their name is taken out, and all else stays.
_OTHERS = f"""
    UPDATE crm_timelineentry SET text = {without("text")}, payload = {without("payload::text")}::jsonb
    WHERE account_id = ANY(%(accounts)s) AND ({naming("text")} OR {naming("payload::text")})
"""  # noqa: S608  (columns of ours)


def forget_in_entries(person: Person, now: datetime) -> None:
    """Their own entries, and those of their customers that name them."""
    since = f"Who it was, and what was said, were erased on request on {wording.day(now.astimezone(clock.zone()))}."
    values = known_by(person) | {"stays": list(_STAYS), "was": json.dumps(_WAS), "since": since}
    with connection.cursor() as cursor:
        cursor.execute(_OWN, values)
        cursor.execute(_OTHERS, values)
