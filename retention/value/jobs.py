"""Celery wakes the walk over customers' worth here."""

from celery import shared_task

from crm.web.jobs import until_idle
from retention.value.walking import VALUE


@shared_task
def work() -> None:
    """The slices of today's walk over all customers, if it is not done."""
    until_idle("value", VALUE.run)
