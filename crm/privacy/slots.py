"""What privacy gives to others: the words on consent on a person's page, and answers of the API that name somebody."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from crm import slots
from crm.history.undoing import irrevocable
from crm.privacy import consent
from crm.timeline.erasing import known_by

_ANSWERS = """
    UPDATE crm_idempotentanswer SET body = regexp_replace(body, %(words)s, %(said)s, 'gi') WHERE body ~* %(words)s
"""


def forget_in_answers(person: slots.Person, now: datetime) -> None:
    """First answers to programs, which are kept for repeats."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS, known_by(person))


irrevocable.register("contact.erased", "An erasure cannot be undone: nothing is left to bring back.")
slots.traces.register("answers", forget_in_answers)
slots.contact_panels.register("consent", slots.Panel("crm/privacy/panel.html", consent.panel, 80))
