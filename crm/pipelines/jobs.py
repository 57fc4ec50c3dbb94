"""What Celery wakes."""

from celery import shared_task

from crm.pipelines.actions import stuck
from crm.web.jobs import until_idle


@shared_task
def tell_stuck() -> None:
    """Tell of deals that have been in their stage for too long."""
    until_idle("stuck deals", stuck.work)
