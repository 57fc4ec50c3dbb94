"""What Celery wakes."""

from celery import shared_task

from crm.outbox import actions
from crm.web.jobs import until_idle


@shared_task
def work() -> None:
    """Send what is due, slice by slice."""
    until_idle("outbox", actions.work)
