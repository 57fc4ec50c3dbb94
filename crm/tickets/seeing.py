"""Lists of tickets for those who see only some: what is in their sight is few, or is met often enough on the way.

To walk a queue past everybody else's tickets until a page is full is quick for whoever sees many of them, and slow for
whoever sees almost none. So these are looked up from what they see by, as far as that is few, and the list is of them.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from crm.team.models import User, mates_of
from crm.tickets.models import Ticket, TicketQuerySet

#: Up to so many tickets and customers are few; and among so many times as many that nobody has, those of nobody are
#: looked for: where tickets came from files, or are never assigned, most of them are somebody's customer's.
FEW, FARTHER = 2000, 10

# Each way to see a ticket by an index of its own, row by row, and no further than to one too many. Those of nobody are
# found among what nobody has, neither a person nor a team; whose customer has an owner is not of nobody.
_SEEN = """
    WITH theirs AS MATERIALIZED (
        SELECT id FROM crm_account WHERE coalesce(owner_id, 0) = ANY(%(sees)s) LIMIT %(most)s
    ), unheld AS MATERIALIZED (
        SELECT id, account_id FROM crm_ticket WHERE assignee_id IS NULL AND team_id IS NULL LIMIT %(farthest)s
    ), found AS (
        (SELECT ticket.id FROM theirs CROSS JOIN LATERAL (
            SELECT id FROM crm_ticket WHERE account_id = theirs.id LIMIT %(most)s) ticket LIMIT %(most)s)
        UNION ALL (SELECT id FROM crm_ticket WHERE assignee_id = ANY(%(sees)s) LIMIT %(most)s)
        UNION ALL (SELECT ticket.id FROM crm_membership member CROSS JOIN LATERAL (
            SELECT id FROM crm_ticket WHERE team_id = member.team_id LIMIT %(most)s) ticket
            WHERE member.user_id = %(viewer)s LIMIT %(most)s)
        UNION ALL (SELECT ticket_id FROM crm_ticketfollower WHERE user_id = %(viewer)s LIMIT %(most)s)
        UNION ALL (SELECT id FROM unheld WHERE (SELECT owner_id FROM crm_account WHERE id = unheld.account_id) IS NULL
            LIMIT %(most)s)
    )
    SELECT greatest((SELECT count(*) FROM theirs), count(*)) > %(few)s
        OR (SELECT count(*) FROM unheld) = %(farthest)s, array_agg(DISTINCT id)
    FROM found
"""


def seen(viewer: User) -> TicketQuerySet:
    """As `visible_to`, and quick to sort. One query for whoever does not see everything."""
    rows: TicketQuerySet = Ticket.objects.visible_to(viewer)
    if not viewer.is_active or viewer.sees_everything:
        return rows
    many, ids = _in_sight(viewer)
    return rows if many else rows.filter(pk__in=ids or [])


def _in_sight(viewer: User) -> tuple[bool, list[int] | None]:
    """Whether it is much, and else all of it."""
    values: dict[str, Any] = {
        "viewer": viewer.pk, "sees": sorted({viewer.pk, *_mates(viewer)}), "few": FEW, "most": FEW + 1,
        "farthest": FARTHER * FEW + 1,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, values)
        many, ids = cursor.fetchone()
    return many, ids


def _mates(viewer: User) -> list[int]:
    if viewer.sees != User.Sees.TEAM:
        return []
    return list(viewer.mates if viewer.mates is not None else mates_of(viewer).values_list("user_id", flat=True))
