"""A person leaves the timeline: what happened stays and counts, but says no longer to whom."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.db import connection

from crm.slots import Person

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

# Their own entries lose every word; whose they were is forgotten with the row that they pointed at.
_OWN = """
    UPDATE crm_timelineentry e SET text = %(said)s, contact_id = NULL,
        payload = coalesce((SELECT jsonb_object_agg(key, value) FROM jsonb_each(e.payload)
            WHERE key = ANY(%(stays)s)), '{}')
    WHERE contact_id = %(contact)s
"""
# In other entries of the customer their name is taken out, and all else stays.
_OTHERS = f"""
    UPDATE crm_timelineentry SET text = {without("text")}, payload = {without("payload::text")}::jsonb
    WHERE account_id = ANY(%(accounts)s) AND ({naming("text")} OR {naming("payload::text")})
"""  # noqa: S608  (columns of ours)


def forget_in_entries(person: Person, now: datetime) -> None:
    """Their own entries, and those of their customers that name them."""
    values = known_by(person) | {"stays": list(_STAYS)}
    with connection.cursor() as cursor:
        cursor.execute(_OWN, values)
        cursor.execute(_OTHERS, values)
