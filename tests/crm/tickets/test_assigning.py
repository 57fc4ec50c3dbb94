"""Who gets a new ticket: in turn, by load, the owner, nobody; at work and not away; and nobody twice under a rush."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from crm.accounts.models import Contact
from crm.outbox.models import Notification
from crm.settings.models import HandOver
from crm.team.models import BusinessHours, Membership, Team, User
from crm.tickets.actions.assigning import deal_waiting, next_to_deal
from crm.tickets.actions.hearing import NewTicket, begin
from crm.tickets.actions.saying import Said
from crm.tickets.models import AssignsBy, Rota, Ticket, TicketCategory
from tests.conftest import NOON

NIGHT, MORNING = NOON.replace(hour=20), NOON.replace(hour=9) + timedelta(days=1)


@pytest.fixture
def desk(db: None, make_user: Callable[..., User]) -> list[User]:
    """Three agents of the team Support, who get tickets in turn; UTC everywhere."""
    team = Team.objects.create(name="Support")
    people = [make_user(name, "agent") for name in ("Ann", "Ben", "Cleo")]
    Membership.objects.bulk_create([Membership(team=team, user=user) for user in people])
    Rota.objects.create(team=team, assigns_by=AssignsBy.TURN)
    return people


def _begin(says: Callable[..., Said], at=NOON, **new: object) -> Ticket:  # type: ignore[no-untyped-def]
    asked = NewTicket("Export", says(at=at, key=None), team=Team.objects.get(name="Support"), **new)  # type: ignore[arg-type]
    return begin(asked, at)


def test_in_turn_and_round_again(desk: list[User], says: Callable[..., Said]) -> None:
    given = [_begin(says) for _ in range(4)]
    assert [row.assignee for row in given] == [*desk, desk[0]]
    assert given[1].assigned_because == "Ben’s turn in Support"


def test_whoever_has_the_fewest(desk: list[User], says: Callable[..., Said]) -> None:
    Rota.objects.update(assigns_by=AssignsBy.LEAST)
    for user in (desk[0], desk[0], desk[2]):
        Ticket.objects.create(subject="Old", channel="email", reply_channel="email", assignee=user, token=str(user.pk)
                              + str(Ticket.objects.count()))  # fmt: skip
    Ticket.objects.create(subject="Done", channel="email", reply_channel="email", assignee=desk[1], token="done",
                          status="solved")  # fmt: skip
    first, second = _begin(says), _begin(says)
    assert (first.assignee, second.assignee) == (desk[1], desk[2])  # at one each it goes in turn
    assert first.assigned_because == "Ben has the fewest open tickets of Support: 0"


def test_the_owner_looks_after_them(desk: list[User], says: Callable[..., Said], sofia: Contact) -> None:
    category = TicketCategory.objects.create(name="Contracts", assigns_by=AssignsBy.OWNER)
    assert _begin(says, category=category).assignee is None
    sofia.account.owner = desk[2]
    sofia.account.save()
    row = _begin(says, category=category)
    assert (row.assignee, row.assigned_because) == (desk[2], "Cleo looks after Nordwind Logistics")


def test_nobody_unless_it_is_set(desk: list[User], says: Callable[..., Said]) -> None:
    Rota.objects.all().delete()
    category = TicketCategory.objects.create(name="Billing", team=Team.objects.get())
    row = begin(NewTicket("Bill", says(key=None), category=category), NOON)
    assert (row.assignee, row.team, row.assigned_because) == (
        None, category.team, "Support gets tickets about “Billing”",
    )  # fmt: skip


def test_neither_who_is_gone_nor_who_is_away(desk: list[User], says: Callable[..., Said]) -> None:
    ann, ben, cleo = desk
    ann.is_active = False
    ann.save()
    away = HandOver.objects.create(giver=ben, to_words="Cleo", at=NOON, until=NOON + timedelta(days=2))
    assert [_begin(says).assignee for _ in range(2)] == [cleo, cleo]
    HandOver.objects.filter(pk=away.pk).update(returned_at=NOON)
    assert _begin(says).assignee == ben


def test_at_night_it_waits_for_the_first_who_comes(desk: list[User], says: Callable[..., Said]) -> None:
    ben = desk[1]
    early = Team.objects.create(name="Early")
    BusinessHours.objects.create(team=early, week=[[["08:00", "16:00"]]] * 7)
    Membership.objects.create(team=early, user=ben)
    row = _begin(says, at=NIGHT)
    assert (row.assignee, row.assign_at) == (None, MORNING - timedelta(hours=1))
    assert row.assigned_because == "It waits for Support: nobody was at work"
    assert next_to_deal(NIGHT) == row.assign_at
    assert deal_waiting(row.assign_at - timedelta(microseconds=1)) == 0
    assert deal_waiting(row.assign_at) == 1
    row.refresh_from_db()
    assert (row.assignee, row.assign_at) == (ben, None)
    assert Notification.objects.get(kind="ticket.assigned").user == ben
    assert deal_waiting(MORNING) == 0


def test_somebody_who_took_it_meanwhile_keeps_it(desk: list[User], says: Callable[..., Said], sam: User) -> None:
    row = _begin(says, at=NIGHT)
    Ticket.objects.filter(pk=row.pk).update(assignee=sam)
    assert deal_waiting(MORNING) == 1
    row.refresh_from_db()
    assert (row.assignee, row.assign_at) == (sam, None)
    assert not Notification.objects.filter(kind="ticket.assigned").exists()


@pytest.mark.django_db(transaction=True)
def test_a_rush_is_spread_evenly(desk: list[User], says: Callable[..., Said]) -> None:
    def ask(_: int) -> str | None:
        try:
            row = _begin(says)
            return str(row.assignee)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(ask, range(24)))
    assert sorted(given) == ["Ann"] * 8 + ["Ben"] * 8 + ["Cleo"] * 8  # type: ignore[type-var]
    assert Ticket.objects.count() == 24


def test_admins_set_it_and_others_do_not(desk: list[User], ada: User, mira: User, client: Client) -> None:
    team = Team.objects.get()
    client.force_login(mira)
    assert client.post(f"/settings/desk/rotas/{team.pk}/", {f"rota-{team.pk}-assigns_by": "least"}).status_code == 403
    client.force_login(ada)
    assert client.post(f"/settings/desk/rotas/{team.pk}/", {f"rota-{team.pk}-assigns_by": "dice"}).status_code == 200
    assert Rota.objects.get().assigns_by == "turn"
    client.post(f"/settings/desk/rotas/{team.pk}/", {f"rota-{team.pk}-assigns_by": "least"})
    client.post("/settings/desk/rotas/0/", {"rota-0-assigns_by": "turn"})
    assert sorted(Rota.objects.values_list("team", "assigns_by"), key=str) == [(team.pk, "least"), (None, "turn")]
    client.post("/settings/desk/categories/", {"name": "Billing", "team": team.pk, "assigns_by": "owner"})
    made = TicketCategory.objects.get()
    assert (made.team, made.assigns_by) == (team, "owner")
    again = client.post("/settings/desk/categories/", {"name": "billing", "team": "", "assigns_by": ""})
    assert again.status_code == 422
    client.post(f"/settings/desk/categories/{made.pk}/switch/")
    assert TicketCategory.objects.get().archived_at == NOON


def test_while_all_are_away_it_is_looked_again(desk: list[User], says: Callable[..., Said]) -> None:
    away = [HandOver(giver=user, to_words="Else", at=NOON, until=NOON + timedelta(days=2)) for user in desk]
    HandOver.objects.bulk_create(away)
    row = _begin(says)
    assert (row.assignee, row.assign_at) == (None, NOON + timedelta(hours=1))
    assert deal_waiting(row.assign_at) == 1
    HandOver.objects.update(returned_at=NOON)
    assert deal_waiting(NOON + timedelta(hours=2)) == 1
    row.refresh_from_db()
    assert (row.assignee, row.assign_at) == (desk[0], None)
