"""What Celery wakes."""

from celery import shared_task

from crm.billing.stripe import looking, trying, wishing
from crm.web.jobs import until_idle


@shared_task(soft_time_limit=60, time_limit=90)  # Stripe may take its time, which is bounded for each call
def attempts() -> None:
    """Have payments tried again."""
    until_idle("payment attempts", trying.work)


@shared_task(soft_time_limit=60, time_limit=90)
def wishes() -> None:
    """Tell Stripe what was decided about contracts."""
    until_idle("billing wishes", wishing.work)


@shared_task(soft_time_limit=60, time_limit=90)
def look() -> None:
    """Compare with Stripe, page by page, once a day."""
    until_idle("billing look", looking.work)
