"""Who of ours is told what happens to a ticket, for many tickets at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property

from crm import slots
from crm.accounts.models import Account
from crm.slots import tell
from crm.team.leading import leads
from crm.team.models import Membership, User
from crm.tickets.models import Ticket, TicketFollower


class Readers:
    """Those who handle, lead and follow these tickets, each kind in a query or two, when it is asked for."""

    def __init__(self, rows: Sequence[Ticket]) -> None:
        self._rows = rows
        self._teams = {row.team_id for row in rows}

    def handlers(self, row: Ticket) -> set[int]:
        """Its assignee, else its team, and whoever follows it."""
        own = {row.assignee_id} if row.assignee_id else self._members[row.team_id]
        return own | self._followers[row.pk]

    def leads(self, row: Ticket) -> set[int]:
        """Who leads its team: see `crm.team.leading`."""
        return self._leads[row.team_id]

    @cached_property
    def _leads(self) -> dict[int | None, set[int]]:
        return leads(self._teams)

    @cached_property
    def _members(self) -> dict[int | None, set[int]]:
        found: dict[int | None, set[int]] = defaultdict(set)
        active = Membership.objects.filter(team__in=self._teams - {None}, user__is_active=True)
        for team, user in active.values_list("team", "user") if self._teams - {None} else ():
            found[team].add(user)
        return found

    @cached_property
    def _followers(self) -> dict[int, set[int]]:
        found: dict[int, set[int]] = defaultdict(set)
        for ticket, user in TicketFollower.objects.filter(ticket__in=self._rows).values_list("ticket", "user"):
            found[ticket].add(user)
        return found


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
