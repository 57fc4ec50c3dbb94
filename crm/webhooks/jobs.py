"""What Celery wakes."""

from celery import shared_task

from crm.web.jobs import until_idle
from crm.webhooks import sending
from crm.webhooks.actions import sweeping
from crm.webhooks.sending.loop import SLICE


@shared_task
def work() -> None:
    """Send what is due. A slice waits for its slowest request, so that the last one must begin early."""
    until_idle("webhooks", sending.work, longest=SLICE)


@shared_task
def tidy() -> None:
    """Bring back, or leave out, what people have asked for."""
    until_idle("webhooks asked for", sweeping.tidy)


@shared_task
def sweep() -> None:
    """Let go of what is old."""
    until_idle("old webhooks", sweeping.sweep)
