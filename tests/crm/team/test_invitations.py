"""Inviting: a link by mail, valid for seven days, once; sent anew, withdrawn."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from crm.outbox.models import OutboundMessage
from crm.settings.actions import invitations
from crm.team.actions import TeamError
from crm.team.models import Invitation, Team, User
from crm.web import clock
from tests.conftest import NOON

NOVA = "nova@example.com"
PASSWORD = {"name": "Nova Lind", "new_password1": "calm harbour town", "new_password2": "calm harbour town"}


def invited(by: User, email: str = NOVA) -> str:
    _, link = invitations.invite(email, "Nova", "manager", "team", [], by, NOON)
    return link.removeprefix("http://localhost:8000")


def test_the_mail_is_transactional_and_holds_the_link(ada: User) -> None:
    link = invited(ada)
    mail = OutboundMessage.objects.get()
    assert (mail.category, mail.origin, mail.user.email, mail.state) == ("transactional", "sign-in", NOVA, "due")
    assert link in mail.preview()[1]
    assert "Ada" in mail.preview()[0]
    assert mail.expires_at == NOON + timedelta(days=7)
    assert link.split("/")[2] not in Invitation.objects.get().digest  # only the hash is kept


def test_reading_accepts_nothing_and_posting_does_once(ada: User, client: Client) -> None:
    north = Team.objects.create(name="North")
    _, link = invitations.invite(NOVA, "Nova", "manager", "team", [north.pk], ada, NOON)
    link = link.removeprefix("http://localhost:8000")
    assert client.get(link).status_code == 200
    assert not User.objects.get(email=NOVA).is_active

    assert client.post(link, PASSWORD).status_code == 302

    nova = User.objects.get(email=NOVA)
    assert (nova.is_active, nova.name, nova.role, nova.sees, nova.check_password("calm harbour town")) == (
        True, "Nova Lind", "manager", "team", True,
    )  # fmt: skip
    assert list(nova.teams.all()) == [north]
    assert client.get("/me/").status_code == 200  # and in
    assert Client().post(link, PASSWORD | {"name": "Thief"}).status_code == 410
    assert User.objects.get(email=NOVA).name == "Nova Lind"


@pytest.mark.parametrize(("days", "seconds", "status"), [(7, -1, 200), (7, 0, 410), (8, 0, 410)])
def test_it_works_for_seven_days(ada: User, client: Client, days: int, seconds: int, status: int) -> None:
    link = invited(ada)
    with clock.travelling(NOON + timedelta(days=days, seconds=seconds)):
        assert client.get(link).status_code == status


def test_a_weak_password_lets_nobody_in(ada: User, client: Client) -> None:
    link = invited(ada)
    answer = client.post(link, {"name": "Nova", "new_password1": "password", "new_password2": "password"})
    assert answer.status_code == 422
    assert not User.objects.get(email=NOVA).is_active
    assert Invitation.objects.exists()


def test_a_new_link_makes_the_old_one_void_and_calls_its_mail_off(ada: User, client: Client) -> None:
    old, new = invited(ada), invited(ada)
    assert [client.get(link).status_code for link in (old, new)] == [410, 200]
    assert list(OutboundMessage.objects.order_by("pk").values_list("state", flat=True)) == ["cancelled", "due"]
    assert User.objects.filter(email=NOVA).count() == 1


def test_withdrawn_it_opens_nothing_and_its_mail_stays(ada: User, client: Client) -> None:
    link = invited(ada)
    assert invitations.withdraw(User.objects.get(email=NOVA), ada, NOON)
    assert client.post(link, PASSWORD).status_code == 410
    assert not User.objects.get(email=NOVA).is_active
    assert OutboundMessage.objects.get().state == "cancelled"


def test_whoever_is_here_is_not_invited(ada: User, mira: User) -> None:
    with pytest.raises(TeamError, match="belongs to Mira already"):
        invited(ada, "mira@example.com")
    mira.refresh_from_db()
    assert (mira.is_active, mira.role) == (True, "manager")
    assert not OutboundMessage.objects.exists()


def test_only_admins_invite(mira: User, ada: User) -> None:
    with pytest.raises(TeamError, match="no longer an admin"):
        invited(mira)
    assert not User.objects.filter(email=NOVA).exists()
    assert not OutboundMessage.objects.exists()


def test_a_made_up_link_opens_nothing(client: Client, db: None) -> None:
    assert client.get("/invitations/nothing/").status_code == 410


def test_the_page_shows_the_link_once(ada: User, client: Client) -> None:
    client.force_login(ada)
    form = {"email": "Nova@Example.com", "name": "Nova", "role": "agent", "sees": "all"}
    page = client.post("/settings/team/invitations/", form).content.decode()
    assert "http://localhost:8000/invitations/" in page
    nova = User.objects.get(email=NOVA)
    again = client.get(f"/settings/team/{nova.pk}/").content.decode()
    assert "/invitations/" not in again
    assert "Nova" in client.get("/settings/team/?tab=invited").content.decode()
    assert client.post("/settings/team/invitations/", form | {"email": "ada@example.com"}).status_code == 422
