"""Celery wakes the settings here."""

from celery import shared_task

from crm.settings.actions import handover
from crm.web.jobs import until_idle


@shared_task
def hand_overs() -> None:
    """Whoever is back gets theirs."""
    until_idle("hand-overs", handover.work)
