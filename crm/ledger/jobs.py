"""Celery wakes the ledger here."""

from celery import shared_task

from crm.ledger import actions
from crm.ledger.rfm.walking import RFM
from crm.web.jobs import until_idle


@shared_task
def work() -> None:
    """Slice by slice until nothing is due; what the time limit cuts off waits for the next ring."""
    until_idle("ledger", actions.run)


@shared_task
def rfm() -> None:
    """The slices of today's walk over all customers, if it is not done."""
    until_idle("rfm", RFM.run)
