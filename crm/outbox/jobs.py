"""What Celery wakes."""

from celery import shared_task

from crm.outbox import actions, approving
from crm.outbox.notifications import digest as daily
from crm.web import clock
from crm.web.jobs import until_idle


@shared_task
def work() -> None:
    """Send what is due, slice by slice."""
    until_idle("outbox", actions.work)


@shared_task
def chats() -> None:
    """The same for what is no mail."""
    until_idle("chats", actions.work_chats)


@shared_task
def digest() -> None:
    """Write the digests of mornings that have come, and let go of what was read long ago."""
    until_idle("digest", daily.work)
    daily.sweep(clock.now())


@shared_task
def approvals() -> None:
    """What nobody has said yes to in time is not sent."""
    until_idle("approvals", approving.work)
