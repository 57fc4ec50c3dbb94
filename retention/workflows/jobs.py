"""What Celery wakes."""

from celery import shared_task

from crm.web.jobs import until_idle
from retention.workflows import actions
from retention.workflows.rehearsal import actions as rehearsing


# A bell whose process dies is rung again at once: what that process tried is counted, so a step that kills is soon
# alone, and nobody waits for the next bell meanwhile. It ends, since such a step is parked and bells expire.
@shared_task(acks_late=True, reject_on_worker_lost=True)
def work() -> None:
    """Do what is due in the workflows, slice by slice."""
    until_idle("workflows", actions.work)


@shared_task(soft_time_limit=rehearsing.LONGEST, time_limit=rehearsing.LONGEST + 30)
def rehearse() -> None:
    """Rehearsal by rehearsal until none waits. Whoever comes second while one is played finds nothing to do."""
    until_idle("rehearsals", rehearsing.run)
