"""What Celery wakes."""

from celery import shared_task

from crm.web.jobs import until_idle
from retention.workflows import actions


@shared_task
def work() -> None:
    """Do what is due in the workflows, slice by slice."""
    until_idle("workflows", actions.work)
