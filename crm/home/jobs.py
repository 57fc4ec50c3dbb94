"""What Celery wakes."""

from celery import shared_task
from django.conf import settings

from crm.home import actions
from crm.web import clock


@shared_task
def watch() -> None:
    """Look whether work stands still. On a clock that a test moves, being late says nothing."""
    if not settings.HOLDFAST_CLOCK_FILE:
        actions.look_back(clock.now())
        actions.watch(clock.now())
