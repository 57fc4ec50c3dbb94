"""A person leaves why customers left: what they said themselves, with their name in it or as the customer they are."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from crm.slots import Person
from crm.timeline.erasing import known_by, naming

# A customer who is a person has said all of it.
_FORGET = f"""
    UPDATE crm_cancellation SET note = '' WHERE note <> '' AND account_id = ANY(%(accounts)s) AND ({naming("note")}
        OR EXISTS (SELECT FROM crm_account a WHERE a.id = account_id AND a.kind = 'person'))
"""  # noqa: S608  (columns of ours)
_BEFORE = """
    UPDATE crm_cancellationchange h SET note = '' FROM crm_cancellation c
    WHERE h.pgh_obj_id = c.id AND c.account_id = ANY(%(accounts)s) AND c.note = ''
"""


def forget_in_cancellations(person: Person, now: datetime) -> None:
    """That somebody left and the reason of ours stay."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, known_by(person))
        cursor.execute(_BEFORE, known_by(person))
