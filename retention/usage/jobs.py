"""Celery wakes the nightly walk over what customers use here."""

from celery import shared_task

from crm.web.jobs import until_idle
from retention.usage.habits.walking import HABITS


@shared_task
def habits() -> None:
    """The slices of today's walk over all customers, if it is not done."""
    until_idle("habits", HABITS.run)
