"""Celery wakes the settings here."""

from celery import shared_task

from crm.settings.actions import emptying, handover
from crm.web.jobs import until_idle


@shared_task
def empty() -> None:
    """The next of a demo that is going."""
    until_idle("emptying", emptying.work)


@shared_task
def hand_overs() -> None:
    """Whoever is back gets theirs."""
    until_idle("hand-overs", handover.work)
