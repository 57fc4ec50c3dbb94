"""What Celery wakes."""

from celery import shared_task

from crm.web.jobs import until_idle
from retention.workflows import actions


# A bell whose process dies is rung again at once: what that process tried is counted, so a step that kills is soon
# alone, and nobody waits for the next bell meanwhile. It ends, since such a step is parked and bells expire.
@shared_task(acks_late=True, reject_on_worker_lost=True)
def work() -> None:
    """Do what is due in the workflows, slice by slice."""
    until_idle("workflows", actions.work)
