"""What is done to many tickets at once, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm.history.actions import undo
from crm.history.models import Act
from crm.outbox.models import Notification
from crm.team.models import Team, User
from crm.tickets.actions.hearing import NewTicket, begin
from crm.tickets.actions.saying import Said
from crm.tickets.actions.turning import set_status
from crm.tickets.models import ServiceLevel, Ticket, TicketCategory
from tests import factories
from tests.conftest import NOON

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def several(says: Callable[..., Said]) -> list[Ticket]:
    return [begin(NewTicket(f"T{number}", says()), NOON) for number in range(3)]


@pytest.fixture
def do(client: Client) -> Callable[..., Any]:
    """What the list's form sends for these tickets."""

    def done(user: User, name: str, rows: list[Ticket], **sent: Any) -> Any:
        client.force_login(user)
        ids = [row.pk for row in rows]
        return client.post(reverse("history:bulk", args=["ticket", name]), {"ids": ids, "confirmed": "1", **sent})

    return done


def states(rows: list[Ticket], *columns: str) -> list[Any]:
    found = Ticket.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk")
    return list(found.values_list(*columns, flat=len(columns) == 1))


def last() -> Act:
    return Act.objects.filter(kind__startswith="bulk.").latest("pk")


def test_agents_hand_tickets_on_and_who_gets_them_is_told_once(do: Any, several: Any, sam: User, mira: User) -> None:
    assert do(sam, "assign", several, assignee=mira.pk).status_code == 302
    assert states(several, "assignee") == [mira.pk] * 3
    told = Notification.objects.get(user=mira, kind="ticket.assigned")
    assert told.text == "Sam gave you 3 tickets"
    undo(last(), sam, LATER)
    assert states(several, "assignee") == [None] * 3


def test_a_status_is_set_for_those_that_can_turn_and_taken_back(do: Any, several: Any, sam: User) -> None:
    Ticket.objects.filter(pk=several[0].pk).update(status="closed", closed_at=NOON)
    do(sam, "status", several, status="pending")
    assert states(several, "status") == ["closed", "pending", "pending"]
    assert last().detail["changed"] == 2
    set_status(several[2], "solved", sam, LATER)
    undone = undo(last(), sam, LATER)
    assert (undone.reverted, [kept.because for kept in undone.kept]) == (1, ["it has turned again since"])
    assert states(several, "status") == ["closed", "new", "solved"]
    assert do(sam, "status", several, status="closed").status_code == 422


def test_clocks_follow_a_priority_there_and_back(do: Any, several: Any, sam: User) -> None:
    ServiceLevel.objects.create(name="All", always=True, targets={"urgent": {"answer": 60}})
    do(sam, "priority", several[:2], priority=4)
    assert states(several, "priority", "due_by") == [(4, NOON + timedelta(hours=1))] * 2 + [(2, None)]
    done = last()
    undo(done, sam, LATER)
    assert states(several, "priority", "due_by") == [(2, None)] * 3


def test_team_category_and_tags(do: Any, several: Any, sam: User) -> None:
    team, category = Team.objects.create(name="North"), TicketCategory.objects.create(name="Billing")
    do(sam, "team", several, team=team.pk)
    do(sam, "category", several[:2], category=category.pk)
    do(sam, "tag", several, tags="vip, export")
    do(sam, "untag", several[1:], tags="vip")
    assert states(several, "team__name", "category__name", "tags") == [
        ("North", "Billing", ["vip", "export"]), ("North", "Billing", ["export"]), ("North", None, ["export"]),
    ]  # fmt: skip
    for act in Act.objects.filter(kind__startswith="bulk.").order_by("-pk"):
        undo(act, sam, LATER)
    assert states(several, "team", "category", "tags") == [(None, None, [])] * 3


def test_spam_goes_and_comes_back_as_it_was(do: Any, several: Any, sam: User) -> None:
    set_status(several[0], "solved", sam, NOON)
    do(sam, "spam", several)
    assert states(several, "is_spam", "status") == [(True, "closed")] * 3
    undo(last(), sam, LATER)
    assert states(several, "is_spam", "status", "solved_at") == [
        (False, "solved", NOON), (False, "new", None), (False, "new", None),
    ]  # fmt: skip
    assert states(several, "reopened") == [0, 0, 0]


def test_several_of_one_customer_become_one_and_several_again(do: Any, several: Any, sam: User, says: Any) -> None:
    do(sam, "merge", several)
    oldest = several[0].pk
    assert states(several, "merged_into") == [None, oldest, oldest]
    assert several[0].messages.count() == 3
    undo(last(), sam, LATER)
    assert states(several, "merged_into", "status") == [(None, "new")] * 3
    assert [row.messages.count() for row in several] == [1, 1, 1]


def test_tickets_of_several_customers_are_not_merged(do: Any, several: Any, sam: User) -> None:
    other = begin(NewTicket("Else", Said("?", "phone", NOON), factories.account("Kelp")), NOON)
    do(sam, "merge", [*several, other])
    assert states([*several, other], "merged_into") == [None] * 4
    assert not Act.objects.filter(kind="bulk.merge").exists()


def test_following_many_and_undoing_it_leaves_what_was_followed(do: Any, several: Any, sam: User) -> None:
    several[0].followers.create(user=sam)
    do(sam, "follow", several)
    assert sum(row.followers.count() for row in several) == 3
    undo(last(), sam, LATER)
    assert [row.followers.count() for row in several] == [1, 0, 0]


def test_nobody_changes_what_they_do_not_see(do: Any, several: Any, olaf: User, mira: User) -> None:
    several[0].account.owner = mira
    several[0].account.save()
    do(olaf, "assign", several, assignee=olaf.pk)
    assert states(several, "assignee") == [None] * 3
