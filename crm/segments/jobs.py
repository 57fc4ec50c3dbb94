"""Celery wakes the count of segments here."""

from celery import shared_task

from crm.segments import counting
from crm.web.jobs import until_idle


@shared_task
def work() -> None:
    """Slice by slice until all are counted; what the time limit cuts off waits for the next ring."""
    until_idle("segments", counting.run)
