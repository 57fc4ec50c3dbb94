"""A person leaves what was told to others: bodies that name them go, and what still waits is written anew."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from crm.slots import Person
from crm.timeline.erasing import known_by, naming

# Of their customers' entries, of which an index knows; and what brought its own words, of which there is little.
_FORGET = f"""
    UPDATE crm_webhookdelivery SET body = NULL, answer = ''
    WHERE (entry_id IS NULL OR entry_id IN (SELECT id FROM crm_timelineentry WHERE account_id = ANY(%(accounts)s)))
        AND ({naming("coalesce(body, '')")} OR {naming("answer")})
"""  # noqa: S608  (columns of ours)


def forget_in_deliveries(person: Person, now: datetime) -> None:
    """What has left is with others, who are to be asked."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, known_by(person))
