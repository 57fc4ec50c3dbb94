"""Role, sight and teams; closing and opening; the last admin, also against two at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client

from crm.team import actions
from crm.team.actions import TeamError
from crm.team.models import ApiToken, Membership, Team, User
from tests.conftest import NOON


def test_role_sight_and_teams_change_together(ada: User, mira: User) -> None:
    north, south = Team.objects.create(name="North"), Team.objects.create(name="South")
    Membership.objects.create(team=north, user=mira)
    actions.change(mira, "agent", "team", [south.pk], ada)
    mira.refresh_from_db()
    assert (mira.role, mira.sees, list(mira.teams.all())) == ("agent", "team", [south])


def test_the_only_admin_stays_one(ada: User, mira: User) -> None:
    User.objects.create_user("old@example.com", name="Old", role="admin", is_active=False)
    with pytest.raises(TeamError, match="only admin"):
        actions.change(ada, "manager", "all", [], ada)
    actions.change(mira, "admin", "all", [], ada)
    with pytest.raises(TeamError, match="your own"):
        actions.deactivate(ada, ada, NOON)
    actions.deactivate(mira, ada, NOON)
    with pytest.raises(TeamError, match="only admin"):
        actions.change(ada, "manager", "all", [], ada)
    ada.refresh_from_db()
    assert (ada.role, ada.is_active) == ("admin", True)


def test_who_is_no_admin_any_more_changes_nothing(ada: User, make_user: Callable[..., User], mira: User) -> None:
    """`by` is a row that was read before: what it says may be old."""
    ines = make_user("Ines", "admin")
    actions.change(ines, "manager", "all", [], ada)
    with pytest.raises(TeamError, match="no longer an admin"):
        actions.deactivate(mira, ines, NOON)
    mira.refresh_from_db()
    assert mira.is_active


def test_closing_ends_sessions_and_tokens_at_once(ada: User, mira: User, client: Client) -> None:
    client.force_login(mira)
    assert client.get("/me/").status_code == 200
    _, secret = ApiToken.issue(mira, "write")
    api = Client(headers={"Authorization": f"Bearer {secret}"})
    assert api.get("/api/v1/tasks/").status_code == 200

    actions.deactivate(mira, ada, NOON)

    assert client.get("/me/").status_code == 302
    assert api.get("/api/v1/tasks/").status_code == 401


def test_opening_again_brings_neither_sessions_nor_tokens_back(ada: User, mira: User, client: Client) -> None:
    client.force_login(mira)
    _, secret = ApiToken.issue(mira, "write")
    actions.deactivate(mira, ada, NOON)
    actions.reactivate(mira, ada)
    mira.refresh_from_db()
    assert mira.is_active
    assert client.get("/me/").status_code == 302
    assert ApiToken.find(secret, NOON) is None
    assert client.login(email="mira@example.com", password="correct horse")


def test_signing_out_everywhere_ends_sessions_nobody_listed(ada: User, mira: User) -> None:
    first, second = Client(), Client()
    for web in (first, second):
        web.force_login(mira)
    actions.sign_out(mira, ada)
    assert [web.get("/me/").status_code for web in (first, second)] == [302, 302]
    third = Client()
    third.force_login(User.objects.get(pk=mira.pk))
    assert third.get("/me/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_remove_each_other_at_once_leave_one(make_user: Callable[..., User]) -> None:
    ada, ines = make_user("Ada", "admin"), make_user("Ines", "admin")
    ready, refused = threading.Barrier(2), []

    def remove(other: User, by: User) -> None:
        try:
            ready.wait(5)
            actions.change(other, "manager", "all", [], by)
        except TeamError as error:
            refused.append(str(error))
        finally:
            connection.close()

    pairs = [(ada, ines), (ines, ada)]
    both = [threading.Thread(target=remove, args=pair) for pair in pairs]
    for one in both:
        one.start()
    for one in both:
        one.join(20)
    assert refused == ["You are no longer an admin, so nothing was changed."]
    assert User.objects.filter(role="admin").count() == 1
