"""Celery wakes the search for duplicates here."""

from celery import shared_task

from crm.duplicates import sweeping
from crm.web.jobs import until_idle


@shared_task
def work() -> None:
    """Slice by slice until nothing has changed; what the time limit cuts off waits for the next ring."""
    until_idle("duplicates", sweeping.run)
