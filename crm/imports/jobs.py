"""What Celery wakes."""

from celery import shared_task

from crm.imports.actions import running
from crm.web.jobs import until_idle

#: Seconds that one file may take; other jobs have theirs in Celery's settings.
LONGEST = 4 * 3600


@shared_task(soft_time_limit=LONGEST, time_limit=LONGEST + 60)
def work() -> None:
    """File by file until none waits. Whoever comes second while one is at work finds nothing to do."""
    until_idle("imports", running.run)
