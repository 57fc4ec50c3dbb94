"""Solved tickets close by themselves when nobody writes for some days: then an answer begins another one."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Min

from crm.tickets.models import Ticket, TicketSettings

#: Tickets closed in one transaction.
SLICE = 500

# What clocks and reports count are spells: the solving ends here, and nothing is asked of the customer.
_ENDED = "UPDATE crm_ticketspell SET ended_at = %(now)s WHERE ticket_id = ANY(%(ids)s) AND ended_at IS NULL"
_BEGUN = """
    INSERT INTO crm_ticketspell (ticket_id, status, began_at, because)
    SELECT id, 'closed', %(now)s, %(because)s FROM unnest(%(ids)s::bigint[]) AS id
"""
_CLOSED = """
    UPDATE crm_ticket SET status = 'closed', closed_at = %(now)s, updated_at = %(now)s WHERE id = ANY(%(ids)s)
"""


@transaction.atomic
def work(now: datetime) -> int:
    """Close a slice of those whose days are over. Returns how many."""
    days = TicketSettings.the_only().closes_after_days
    if not days:
        return 0
    solved = Ticket.objects.filter(status=Ticket.Status.SOLVED, solved_at__lte=now - timedelta(days=days))
    rows = solved.order_by("solved_at", "pk").select_for_update(skip_locked=True, no_key=True).values_list("pk")
    ids = [pk for (pk,) in rows[:SLICE]]
    if ids:
        because = f"nobody had written for {days} {'day' if days == 1 else 'days'} since it was solved"
        with connection.cursor() as cursor:
            for statement in (_ENDED, _BEGUN, _CLOSED):
                cursor.execute(statement, {"ids": ids, "now": now, "because": because})
    return len(ids)


def next_due(now: datetime) -> datetime | None:
    """When the next one's days are over."""
    days = timedelta(days=TicketSettings.the_only().closes_after_days)
    if not days:
        return None
    waiting = Ticket.objects.filter(status=Ticket.Status.SOLVED, solved_at__gt=now - days)
    oldest: datetime | None = waiting.aggregate(at=Min("solved_at"))["at"]
    return oldest + days if oldest else None
