"""What Celery wakes."""

from celery import shared_task

from crm.inbox import actions
from crm.inbox.channels import imap
from crm.web.jobs import until_idle


@shared_task
def work() -> None:
    """Handle what came in, payload by payload."""
    until_idle("inbox", actions.work)


@shared_task(soft_time_limit=60, time_limit=90)  # a provider may take its time, which is bounded for each call
def fetch() -> None:
    """Fetch what lies with providers, file by file."""
    until_idle("inbox files", actions.fetch)


@shared_task
def look() -> None:
    """Look into the mailbox."""
    until_idle("mailbox", imap.look)


@shared_task
def sweep() -> None:
    """Remove the bytes of what was handled long ago."""
    until_idle("raw payloads", actions.sweep)
