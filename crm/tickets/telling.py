"""Who of ours is told what happens to a ticket, for many tickets at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from crm import slots
from crm.accounts.models import Account
from crm.slots import tell
from crm.team.models import Membership, User
from crm.team.rules import ADMIN, MANAGER
from crm.tickets.models import Ticket, TicketFollower

#: Roles of those who lead a team.
LEAD = (ADMIN, MANAGER)


def admins() -> set[int]:
    return set(User.objects.filter(role=ADMIN, is_active=True).values_list("pk", flat=True))


def leads_of(team_id: int | None) -> set[int]:
    """Account managers and admins of a team; where there is none, the admins of the house."""
    rows = Membership.objects.filter(team=team_id, user__is_active=True, user__role__in=LEAD)
    return (set(rows.values_list("user", flat=True)) if team_id else set()) or admins()


class Readers:
    """Those who handle, lead and follow these tickets, in three queries."""

    def __init__(self, rows: Sequence[Ticket]) -> None:
        self._members: dict[int, set[int]] = defaultdict(set)
        self._leads: dict[int, set[int]] = defaultdict(set)
        self._followers: dict[int, set[int]] = defaultdict(set)
        active = Membership.objects.filter(team__in={row.team_id for row in rows if row.team_id}, user__is_active=True)
        for team, user, role in active.values_list("team", "user", "user__role"):
            self._members[team].add(user)
            if role in LEAD:
                self._leads[team].add(user)
        for ticket, user in TicketFollower.objects.filter(ticket__in=rows).values_list("ticket", "user"):
            self._followers[ticket].add(user)
        self._admins = admins()

    def handlers(self, row: Ticket) -> set[int]:
        """Its assignee, else its team, and whoever follows it."""
        own = {row.assignee_id} if row.assignee_id else self._members[row.team_id or 0]
        return own | self._followers[row.pk]

    def leads(self, row: Ticket) -> set[int]:
        """As `leads_of` its team."""
        return self._leads[row.team_id or 0] or self._admins


def tell_of(
    row: Ticket, people: Iterable[int], kind: str, text: str, now: datetime, *, url: str = "", key: str | None = None,
    by: User | None = None,
) -> None:  # fmt: skip
    """As `slots.tell`, of a ticket. Whoever has to do with it is told although they may not see its customer: what is
    told of a customer only those read who may."""
    ids = set(people)
    seeing = _seeing(ids, row.account_id) if row.account_id else set()
    for told, account_id in ((seeing, row.account_id), (ids - seeing, None)):
        if told:
            tell(told, kind, text, url or row.get_absolute_url(), now, key=key, account_id=account_id, by=by)


def _seeing(people: set[int], account_id: int) -> set[int]:
    """Those of them who may see the customer."""
    of = Account.objects.filter(pk=account_id)
    users = User.objects.filter(pk__in=people)
    return {user.pk for user in users if user.sees_everything or of.visible_to(user).exists()}


def register_kinds() -> None:
    for order, (name, (label, hint, icon)) in enumerate({
        "ticket.near": ("A ticket’s limit is near", "One that you handle, follow or lead is due soon.", "timer"),
        "ticket.overdue": ("Ticket overdue", "One that you handle, follow or lead has passed its limit.", "siren"),
        "ticket.rated": ("A customer was not content", "Somebody rates a ticket of your team or customer low.", "star"),
        "ticket.mood": ("A customer is frustrated", "Somebody writes so in a ticket of your team.", "frown"),
        "ticket.overload": ("Many tickets about one thing", "Far more than usual, of your team or customer.", "flame"),
    }.items()):  # fmt: skip
        slots.notification_kinds.register(name, slots.NotificationKind(label, hint, icon, order=28 + order))
