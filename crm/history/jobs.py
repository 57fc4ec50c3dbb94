"""Celery wakes large acts and forgetting here."""

from celery import shared_task

from crm.history import forgetting, runs
from crm.web.jobs import until_idle


@shared_task
def work() -> None:
    """Slice by slice until no large act is due."""
    until_idle("history", runs.work)


@shared_task
def forget() -> None:
    """What is too old goes, slice by slice."""
    until_idle("forgetting", forgetting.work)
