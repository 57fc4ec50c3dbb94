"""What privacy gives to others: the words on consent on a person's page, and answers of the API that name somebody."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from crm import slots
from crm.history.actions import UndoError
from crm.history.models import Act
from crm.history.undoing import Undone, undoers
from crm.privacy import consent
from crm.team.models import User
from crm.timeline.erasing import known_by

_ANSWERS = """
    UPDATE crm_idempotentanswer SET body = regexp_replace(body, %(words)s, %(said)s, 'gi') WHERE body ~* %(words)s
"""


def forget_in_answers(person: slots.Person, now: datetime) -> None:
    """First answers to programs, which are kept for repeats."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERS, known_by(person))


def refuse(act: Act, by: User | None, now: datetime) -> Undone:
    """The one act that stays done."""
    raise UndoError("An erasure cannot be undone: nothing is left to bring back.")


undoers.register("contact.erased", refuse)
slots.traces.register("answers", forget_in_answers)
slots.contact_panels.register("consent", slots.Panel("crm/privacy/panel.html", consent.panel, 80))
