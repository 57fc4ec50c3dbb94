"""A person leaves what colleagues wrote about a failed payment: words that name them go."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from crm.slots import Person
from crm.timeline.erasing import known_by, naming

_NOTES = f"""
    UPDATE retention_dunningcase SET note = '' WHERE account_id = ANY(%(accounts)s) AND {naming("note")}
"""  # noqa: S608  (columns of ours)
_EVENTS = f"""
    UPDATE retention_dunningevent e SET words = 'Erased'
    FROM retention_dunningcase k WHERE k.id = e.case_id AND k.account_id = ANY(%(accounts)s) AND {naming("e.words")}
"""  # noqa: S608  (columns of ours)


def forget_in_cases(person: Person, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_NOTES, known_by(person))
        cursor.execute(_EVENTS, known_by(person))
