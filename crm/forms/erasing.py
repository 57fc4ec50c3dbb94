"""A person leaves the entries of forms: where they came from may name them, in an address or a tag."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from crm.slots import Person
from crm.timeline.erasing import known_by, naming

# Of their customers, and of nobody's, such as those that became tickets.
_FORGET = f"""
    UPDATE crm_formentry SET source = '{{}}'
    WHERE (account_id IS NULL OR account_id = ANY(%(accounts)s)) AND {naming("source::text")}
"""  # noqa: S608  (columns of ours)


def forget_in_entries(person: Person, now: datetime) -> None:
    """What was written stands in payloads and on timelines, which forget it themselves."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, known_by(person))
