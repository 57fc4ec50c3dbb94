"""What Celery wakes."""

from celery import shared_task

from crm.web.jobs import until_idle
from retention.dunning import actions


@shared_task
def work() -> None:
    """Open and follow cases, slice by slice."""
    until_idle("dunning", actions.work)
