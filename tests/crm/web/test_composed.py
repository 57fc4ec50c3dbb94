"""Statements that are composed once: whoever asks, and of whatever numbers, gets what the queryset would have given."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import Q

from crm.accounts.models import Account
from crm.team.models import Membership, Team, User
from crm.team.viewer import SIGHT
from crm.tickets.models import Ticket
from crm.todos.models import Task
from crm.web.composed import NUMBERS, Composed
from tests import factories
from tests.conftest import NOON


@pytest.fixture
def viewers(ada: User, mira: User, olaf: User, sam: User) -> list[User]:
    """One for each way to see, two who see what their teams do, and one who has left."""
    User.objects.filter(pk=sam.pk).update(sees="team")
    User.objects.filter(pk=mira.pk).update(sees="team")
    for name, members in {"North": (sam, mira), "South": (mira, ada)}.items():
        team = Team.objects.create(name=name)
        Membership.objects.bulk_create(Membership(team=team, user=user) for user in members)
    found = list(User.objects.order_by("pk"))
    brought = [User.objects.get(pk=mira.pk), User.objects.get(pk=sam.pk)]
    for user in brought:  # as SignInBackend does
        user.mates = list(Membership.objects.filter(team__memberships__user=user).values_list("user_id", flat=True))
    gone = User.objects.get(pk=ada.pk)
    gone.is_active = False
    return [*found, *brought, gone]


@pytest.mark.parametrize("model", [Account, Task, Ticket])
def test_everybody_gets_the_rows_that_they_may_see(model: Any, viewers: list[User]) -> None:
    owners = [*viewers[:4], None]
    accounts = [factories.account(owner=owner) for owner in owners]
    for account in accounts:
        for owner in owners:
            Task.objects.create(title="x", account=account, owner=owner, due_at=NOON)
            Ticket.objects.create(
                subject="x", account=account, assignee=owner, channel="email", reply_channel="email",
                token=f"{account.pk}-{owner and owner.pk}",
            )  # fmt: skip
    asked = Composed(lambda viewer: model.objects.visible_to(viewer).order_by("pk").values_list("pk"), SIGHT)
    seen = [asked.rows(viewer) for viewer in viewers]
    assert seen == [list(model.objects.visible_to(viewer).order_by("pk").values_list("pk")) for viewer in viewers]
    assert len({len(rows) for rows in seen}) > 2
    assert seen[-1] == []


@pytest.mark.parametrize("many", [1, 2, 3, 4, 5, 9])
def test_numbers_and_moments_stand_where_they_belong(mira: User, many: int) -> None:
    tasks = [Task.objects.create(title=str(n), due_at=NOON + timedelta(hours=n), owner=mira) for n in range(12)]
    asked = Composed(
        lambda ids, viewer, until: (
            Task.objects.filter(Q(due_at__lt=until), pk__in=ids, owner=viewer).order_by("pk").values_list("title")
        ),
        NUMBERS, SIGHT, datetime,
    )  # fmt: skip
    assert asked.rows([task.pk for task in tasks[:many]], mira, NOON + timedelta(hours=3)) == [
        (str(n),) for n in range(min(many, 3))
    ]
    assert asked.rows([tasks[1].pk], mira, NOON + timedelta(hours=3)) == [("1",)]


def test_a_value_that_does_not_reach_the_statement_is_found_when_it_is_composed() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        Composed(lambda pk: Account.objects.filter(name=f"Nr {pk}").values_list("pk"), int).rows(1)
