"""Celery wakes the count here."""

from celery import shared_task

from crm.quality import counting
from crm.web.jobs import until_idle


@shared_task
def work() -> None:
    """Slice by slice; what the time limit cuts off waits for the next ring."""
    until_idle("quality", counting.run)
