"""Celery wakes the monthly review."""

from celery import shared_task

from crm.web.jobs import until_idle
from retention.reports import actions


@shared_task
def work() -> None:
    """Count the review of the last month and send it, if its morning has come."""
    until_idle("reviews", actions.work)
