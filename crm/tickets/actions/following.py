"""Who of ours is told what happens to a ticket."""

from __future__ import annotations

from crm.team.models import User
from crm.tickets.models import Ticket, TicketFollower


def follow(ticket: Ticket, user: User) -> None:
    """Again and again is as once."""
    TicketFollower.objects.bulk_create([TicketFollower(ticket=ticket, user=user)], ignore_conflicts=True)


def unfollow(ticket: Ticket, user: User) -> None:
    TicketFollower.objects.filter(ticket=ticket, user=user).delete()
