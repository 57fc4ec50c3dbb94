"""Who handles a ticket: somebody chooses, or it is dealt to whoever is at work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Min

from crm import slots
from crm.history.actions import act
from crm.team.models import Team, User, hours_of_all
from crm.tickets import clocks
from crm.tickets.actions.saying import TicketError, lock
from crm.tickets.models import OPEN, AssignsBy, Rota, Ticket
from crm.tickets.telling import tell_of

#: Tickets that waited for somebody to come to work, dealt in one transaction.
SLICE = 50
#: Where all are away, nobody knows how long; it is looked again after so long.
LOOKS_AGAIN = timedelta(hours=1)

_CHOSEN = ("assignee", "team", "assigned_because", "assign_at")


def choose(row: Ticket, now: datetime) -> None:
    """Find a team, and somebody of it who is at work, for a ticket that nobody has; the caller saves it.

    Two who choose for the same team come one after the other, until the end of their transactions.
    """
    row.assign_at = None
    if row.team is None and row.category and row.category.team:
        row.team = row.category.team
        row.assigned_because = f"{row.team} gets tickets about “{row.category}”"
    rota = Rota.objects.filter(team=row.team).first() or Rota(team=row.team)
    way = (row.category.assigns_by if row.category else "") or rota.assigns_by
    if way == AssignsBy.OWNER:
        _give_to_owner(row, now)
    elif way != AssignsBy.NOBODY:
        _deal(row, way, now)


def _give_to_owner(row: Ticket, now: datetime) -> None:
    owner = row.account.owner if row.account else None
    if owner is None:
        return
    if there := _at_work(row, [owner], now, str(owner)):
        row.assignee, row.assigned_because = there[0], f"{owner} looks after {row.account}"[:200]


def _deal(row: Ticket, way: str, now: datetime) -> None:
    """In turn, or to whoever has the fewest; among equals it goes in turn, too."""
    Rota.objects.bulk_create([Rota(team=row.team)], ignore_conflicts=True)
    rota = Rota.objects.select_for_update(no_key=True).get(team=row.team)
    whose = str(row.team or "Support")
    there = _at_work(row, _pool(row.team), now, whose)
    if not there:
        return
    turn = sorted(there, key=lambda user: (user.pk <= (rota.last_id or 0), user.pk))
    chosen, because = turn[0], f"{turn[0]}’s turn in {whose}"
    if way == AssignsBy.LEAST:
        held = _open_of(there)
        chosen = min(turn, key=lambda user: held.get(user.pk, 0))
        because = f"{chosen} has the fewest open tickets of {whose}: {held.get(chosen.pk, 0)}"
    row.assignee, row.assigned_because = chosen, because[:200]
    rota.last = chosen
    rota.save(update_fields=["last"])


def _pool(team: Team | None) -> list[User]:
    """A team's members; where there is none, all support agents."""
    rows = team.members.all() if team else User.objects.filter(role=User.Role.AGENT)
    return list(rows.order_by("pk"))


def _at_work(row: Ticket, people: Sequence[User], now: datetime, whose: str) -> list[User]:
    """Those of them who are there just now. Without any, the ticket waits until the first comes."""
    active = [user for user in people if user.is_active]
    ids = [user.pk for user in active]
    away = {pk for absent in slots.absences for pk in absent(ids, now)} if ids else set()
    hours = hours_of_all([user for user in active if user.pk not in away])
    there = [user for user in active if user.pk in hours and hours[user.pk].open_at(now)]
    if not there:
        comes = min((at for one in hours.values() if (at := one.next_open(now))), default=None)
        row.assign_at = comes or (now + LOOKS_AGAIN if away else None)
        row.assigned_because = f"It waits for {whose}: nobody was at work"[:200]
    return there


def _open_of(people: Sequence[User]) -> dict[int, int]:
    rows = Ticket.objects.filter(assignee__in=people, status__in=OPEN).order_by()
    return dict(rows.values_list("assignee").annotate(Count("pk")))


# When somebody comes to work ------------------------------------------------------------------------------------------


@transaction.atomic
def deal_waiting(now: datetime) -> int:
    """A slice of the tickets that waited for somebody to be there."""
    due = Ticket.objects.filter(assign_at__lte=now).prefetch_related(
        "account__owner", "category__team", "team", "assignee"
    )
    rows = list(due.order_by("assign_at", "pk").select_for_update(of=("self",), no_key=True, skip_locked=True)[:SLICE])
    # Teams in one order: two slices must not wait for each other's rotas.
    for row in sorted(rows, key=lambda row: (row.team_id or 0, row.pk)):
        waits = row.assignee is None and row.is_open
        if waits:
            choose(row, now)
        else:
            row.assign_at = None
        row.save(update_fields=[*_CHOSEN])
        if waits and row.assignee:
            _tell(row, f"{row} is yours: {row.assigned_because}", now, None)
    return len(rows)


def next_to_deal(now: datetime) -> datetime | None:
    at: datetime | None = Ticket.objects.filter(assign_at__gt=now).aggregate(at=Min("assign_at"))["at"]
    return at


# By hand --------------------------------------------------------------------------------------------------------------


@transaction.atomic
def assign(ticket: Ticket, user: User | None, team: Team | None, by: User, now: datetime) -> bool:
    """Hand it to somebody of ours, who is told, or to a team. False: that is how it is. Raises TicketError."""
    if user and not user.is_active:
        raise TicketError(f"{user} has no active sign-in and would never see the ticket.")
    row = lock(ticket.pk)
    if (row.assignee, row.team) == (user, team):
        return False
    with act("ticket.assigned", f"gave {row} to {user or team or 'nobody'}", by, now, {"ticket": row.pk}):
        fresh, moved = user is not None and user != row.assignee, row.team != team
        row.assignee, row.team, row.assigned_because, row.assign_at = user, team, f"{by} chose so", None
        row.updated_at = now
        if moved:
            clocks.wind(row, now)  # the team may keep hours of its own
        row.save(update_fields=[*_CHOSEN, *clocks.WOUND, "updated_at"])
        if fresh and user and user != by:
            _tell(row, f"{by} gave you {row}", now, by)
    ticket.assignee, ticket.team = user, team
    return True


def _tell(row: Ticket, text: str, now: datetime, by: User | None) -> None:
    if row.assignee:
        tell_of(row, [row.assignee.pk], "ticket.assigned", text, now, by=by)
