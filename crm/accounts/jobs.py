"""Celery wakes here what removes deleted files for good."""

from celery import shared_task

from crm.accounts.actions import files
from crm.web.jobs import until_idle


@shared_task
def sweep_files() -> None:
    """Slice by slice until nothing is due."""
    until_idle("files", files.sweep)
