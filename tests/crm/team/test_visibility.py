"""Whose records somebody sees: own, those of their teams, or all; and those of nobody always."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.accounts.models import Account, Contact
from crm.team.backends import SignInBackend
from crm.team.models import Membership, Team, User
from crm.todos.models import Task
from tests import factories
from tests.conftest import NOON


@pytest.fixture
def tove(make_user: Callable[..., User]) -> User:
    """Sees what her teams see."""
    return make_user("Tove", sees=User.Sees.TEAM)


def team(name: str, *people: User) -> Team:
    made = Team.objects.create(name=name)
    Membership.objects.bulk_create([Membership(team=made, user=user) for user in people])
    return made


def seen_by(user: User) -> set[str]:
    return set(Account.objects.visible_to(user).values_list("name", flat=True))


@pytest.fixture
def owned(mira: User, olaf: User, tove: User, sam: User) -> None:
    for user in (mira, olaf, tove, sam):
        factories.contact(factories.account(user.name, owner=user))
    factories.contact(factories.account("Nobody's"))


@pytest.mark.usefixtures("owned")
def test_own_team_all(mira: User, olaf: User, tove: User, sam: User, ada: User) -> None:
    team("North", tove, olaf)
    team("South", tove, sam)
    team("East", mira, olaf)
    everything = {"Mira", "Olaf", "Tove", "Sam", "Nobody's"}
    assert seen_by(olaf) == {"Olaf", "Nobody's"}  # in teams, but sees own
    assert seen_by(tove) == {"Tove", "Olaf", "Sam", "Nobody's"}
    assert seen_by(mira) == everything
    ada.sees = User.Sees.OWN
    assert seen_by(ada) == everything  # admins always do
    tove.is_active = False
    assert seen_by(tove) == set()


@pytest.mark.usefixtures("owned")
def test_in_no_team_one_sees_ones_own(tove: User) -> None:
    team("East")
    assert seen_by(tove) == {"Tove", "Nobody's"}


@pytest.mark.usefixtures("owned")
def test_agents_can_be_confined_too(sam: User) -> None:
    sam.sees = User.Sees.OWN
    assert seen_by(sam) == {"Sam", "Nobody's"}


@pytest.mark.usefixtures("owned")
def test_customers_of_a_mate_who_left_stay_in_sight(tove: User, olaf: User) -> None:
    team("North", tove, olaf)
    User.objects.filter(pk=olaf.pk).update(is_active=False)
    assert seen_by(tove) == {"Tove", "Olaf", "Nobody's"}


@pytest.mark.usefixtures("owned")
def test_whoever_leaves_a_team_sees_less_at_once(tove: User, olaf: User) -> None:
    north = team("North", tove, olaf)
    assert "Olaf" in seen_by(tove)
    north.memberships.filter(user=tove).delete()
    assert "Olaf" not in seen_by(tove)


@pytest.mark.usefixtures("owned")
def test_what_hangs_on_customers_follows_them(tove: User, olaf: User, mira: User) -> None:
    team("North", tove, olaf)
    people = Contact.objects.visible_to(tove).values_list("account__name", flat=True)
    assert sorted(people) == ["Nobody's", "Olaf", "Tove"]
    about = Account.objects.get(name="Mira")
    tasks = {
        "about a foreign customer": Task(account=about, owner=mira),
        "mine about a foreign customer": Task(account=about, owner=tove),
        "a mate's about a foreign customer": Task(account=about, owner=olaf),
        "a mate's about nobody": Task(owner=olaf),
        "Mira's about nobody": Task(owner=mira),
        "the pool's": Task(),
        "the pool's about a foreign customer": Task(account=about),
    }
    for title, task in tasks.items():
        task.title, task.due_at = title, NOON
        task.save()
    assert set(Task.objects.visible_to(tove).values_list("title", flat=True)) == {
        "mine about a foreign customer", "a mate's about a foreign customer", "a mate's about nobody", "the pool's",
    }  # fmt: skip


def test_it_is_one_condition_that_the_index_on_the_owner_serves(tove: User, olaf: User) -> None:
    """At 1,000,000 accounts: no second statement, and no reading of all rows, for whoever brings mates along too."""
    team("North", tove, olaf)
    team("South", tove, olaf)
    signed_in = SignInBackend().get_user(tove.pk)
    assert signed_in
    assert signed_in.mates is not None
    assert set(signed_in.mates) == {tove.pk, olaf.pk}
    Account.objects.bulk_create(Account(name=f"Kelp {n}", owner_id=[tove, olaf][n % 2].pk) for n in range(40))
    with connection.cursor() as cursor:
        # So few rows are read in one go otherwise, from the table or from the narrowest index.
        cursor.execute("ANALYZE crm_account; SET LOCAL enable_seqscan = off; SET LOCAL enable_indexonlyscan = off")
    for viewer in (tove, signed_in):
        with CaptureQueriesContext(connection) as asked:
            assert Account.objects.visible_to(viewer).count() == 40
        assert len(asked) == 1
        plan = Account.objects.visible_to(viewer).order_by().values("pk").explain()
        assert "account_by_sight" in plan
        assert "Seq Scan on crm_account" not in plan
