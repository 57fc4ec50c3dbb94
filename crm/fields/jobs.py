"""Celery builds indexes here."""

from celery import shared_task

from crm.fields import indexes
from crm.web.jobs import until_idle

#: Seconds that one index of a very large table may take; other jobs have theirs in Celery's settings.
LONGEST = 4 * 3600


@shared_task(soft_time_limit=LONGEST, time_limit=LONGEST + 60)
def build_indexes() -> None:
    """Those of fields that an admin has marked as often filtered."""
    until_idle("field-indexes", indexes.work)
