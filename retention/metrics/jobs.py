"""Celery wakes the counting of boards here."""

from celery import shared_task

from crm.web.jobs import until_idle
from retention.metrics import snapshots


@shared_task
def work() -> None:
    """Board by board until none is due; each may take long, so the next ring goes on."""
    until_idle("metrics", snapshots.run)
