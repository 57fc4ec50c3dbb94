"""What Celery wakes."""

from celery import shared_task

from crm.tickets import clocks, closing, overload, warnings
from crm.tickets.actions import assigning
from crm.web.jobs import until_idle


@shared_task
def close() -> None:
    """Close what was solved long enough ago."""
    until_idle("closing tickets", closing.work)


@shared_task
def alarms() -> None:
    """Tell people of limits that are near or have passed."""
    until_idle("ticket alarms", warnings.warn)


@shared_task
def deal() -> None:
    """Give tickets that waited for somebody to come to work."""
    until_idle("dealing tickets", assigning.deal_waiting)


@shared_task
def wind() -> None:
    """Read the clocks of open tickets anew, after a change of levels or hours."""
    until_idle("ticket clocks", clocks.WINDING.run)


@shared_task
def overloads() -> None:
    """Look whether one thing brings far more tickets than usual."""
    until_idle("ticket overload", overload.look)
