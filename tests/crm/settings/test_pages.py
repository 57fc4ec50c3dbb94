"""The settings: what each role finds, teams, tokens, the organisation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from crm.history.models import Act
from crm.team.models import ApiToken, Device, Membership, Organisation, Team, User
from tests.conftest import NOON


def test_the_index_shows_what_ones_role_may_set(ada: User, sam: User, client: Client) -> None:
    client.force_login(sam)
    page = client.get("/settings/").content.decode()
    assert 'href="/me/"' in page
    assert "/settings/team/" not in page
    client.force_login(ada)
    page = client.get("/settings/").content.decode()
    assert 'href="/settings/team/"' in page
    assert 'href="/settings/start/"' in page


def test_the_index_is_searched_by_other_words_too(ada: User, client: Client) -> None:
    client.force_login(ada)
    page = client.get("/settings/?q=holiday").content.decode()
    assert ">People<" in page
    assert ">Devices<" not in page
    assert "Nothing is called that" in client.get("/settings/?q=xyzzy").content.decode()


def test_teams_are_made_named_and_removed(ada: User, mira: User, client: Client) -> None:
    client.force_login(ada)
    client.post("/settings/team/groups/", {"name": "North"})
    team = Team.objects.get()
    twice = client.post("/settings/team/groups/", {"name": "north"})
    assert (twice.status_code, "There is a team of this name already." in twice.content.decode()) == (422, True)
    assert "Constraint" not in twice.content.decode()
    client.post(f"/settings/team/{mira.pk}/", {"role": "manager", "sees": "team", "teams": [team.pk]})
    mira.refresh_from_db()
    assert (mira.sees, list(mira.teams.all())) == ("team", [team])
    client.post(f"/settings/team/groups/{team.pk}/", {"name": "South"})
    assert Team.objects.get().name == "South"
    client.post(f"/settings/team/groups/{team.pk}/removal/")
    assert not Team.objects.exists()
    assert not Membership.objects.exists()
    assert User.objects.filter(pk=mira.pk).exists()


@pytest.mark.parametrize("data", [{"role": "queen", "sees": "all"}, {"role": "agent", "sees": "stars"}, {}])
def test_a_role_that_does_not_exist_is_refused(ada: User, mira: User, client: Client, data: dict[str, str]) -> None:
    client.force_login(ada)
    assert client.post(f"/settings/team/{mira.pk}/", data).status_code == 422
    mira.refresh_from_db()
    assert (mira.role, mira.sees) == ("manager", "all")


def test_the_organisation_gets_its_name(ada: User, client: Client) -> None:
    Organisation.objects.create(pk=1, second_factor="optional", start_put_away_at=NOON)
    client.force_login(ada)
    assert client.post("/settings/organisation/", {"name": ""}).status_code == 422
    client.post("/settings/organisation/", {"name": "Kelp & Co"})
    row = Organisation.objects.get()
    assert (row.name, row.start_put_away_at) == ("Kelp & Co", NOON)


def test_a_token_is_shown_once_and_opens_until_it_expires(mira: User) -> None:
    web = Client()
    web.post("/sign-in/", {"login": mira.email, "password": "correct horse"})
    page = web.post("/me/tokens/", {"name": "Export", "scope": "read", "days": "30"}).content.decode()
    secret = page.split('value="hf_')[1].split('"')[0]
    assert secret not in web.get("/me/tokens/").content.decode()
    token = ApiToken.objects.get()
    assert (token.name, token.scope, token.expires_at) == ("Export", "read", NOON + timedelta(days=30))
    assert ApiToken.find(f"hf_{secret}", NOON + timedelta(days=30, seconds=-1)) == token
    assert ApiToken.find(f"hf_{secret}", NOON + timedelta(days=30)) is None


def test_an_old_sign_in_is_asked_for_the_password_before_a_token(mira: User, client: Client) -> None:
    client.force_login(mira)  # without a password
    answer = client.post("/me/tokens/", {"name": "Export", "scope": "write"})
    assert answer["Location"].startswith("/sign-in/again/")
    assert not ApiToken.objects.exists()


def test_tokens_are_revoked_by_their_owner_and_by_admins(ada: User, mira: User, sam: User, client: Client) -> None:
    tokens = [ApiToken.issue(mira, "read", name)[0] for name in ("One", "Two")]
    client.force_login(sam)
    assert client.post(f"/me/tokens/{tokens[0].pk}/revocation/").status_code == 404
    assert client.post(f"/settings/tokens/{tokens[0].pk}/revocation/").status_code == 403
    client.force_login(mira)
    client.post(f"/me/tokens/{tokens[0].pk}/revocation/")
    client.force_login(ada)
    assert "Two" in client.get("/settings/tokens/").content.decode()
    client.post(f"/settings/tokens/{tokens[1].pk}/revocation/")
    assert not ApiToken.objects.filter(revoked_at=None).exists()


def test_a_device_is_signed_out_from_another(mira: User) -> None:
    here, there = Client(), Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"})
    for web in (here, there):
        web.post("/sign-in/", {"login": mira.email, "password": "correct horse"})
    assert "Firefox on Linux" in here.get("/me/devices/").content.decode()
    other = Device.objects.get(session_key=there.session.session_key)
    here.post(f"/me/devices/{other.pk}/ending/")
    assert there.get("/me/").status_code == 302
    assert here.get("/me/").status_code == 200


def test_all_others_are_signed_out_and_this_one_goes_on(mira: User) -> None:
    here, there = Client(), Client()
    for web in (here, there):
        web.post("/sign-in/", {"login": mira.email, "password": "correct horse"})
    unlisted = Client()
    unlisted.force_login(mira)
    here.post("/me/devices/ending/")
    assert [web.get("/me/").status_code for web in (here, there, unlisted)] == [200, 302, 302]
    assert Device.objects.get().session_key == here.session.session_key


def test_nobody_ends_anothers_device(mira: User, sam: User) -> None:
    web, thief = Client(), Client()
    web.post("/sign-in/", {"login": mira.email, "password": "correct horse"})
    thief.post("/sign-in/", {"login": sam.email, "password": "correct horse"})
    thief.post(f"/me/devices/{Device.objects.get(user=mira).pk}/ending/")
    assert web.get("/me/").status_code == 200


def test_rights_and_closed_doors_stand_in_the_audit_log(ada: User, sam: User, client: Client) -> None:
    client.force_login(ada)
    client.post(f"/settings/team/{sam.pk}/", {"role": "manager", "sees": "own"})
    client.post("/settings/roles/agent/import/", {"allowed": "1"})
    client.post(f"/settings/team/{sam.pk}/deactivation/")
    client.post(f"/settings/team/{ada.pk}/deactivation/")  # refused, so nothing is noted
    client.post("/settings/roles/admin/import/", {"allowed": "0"})  # neither
    assert list(Act.objects.order_by("pk").values_list("by", "label")) == [
        (ada.pk, "made Sam account manager, who sees own customers"),
        (ada.pk, "said that support agents may import files"),
        (ada.pk, "closed the account of Sam"),
    ]
    assert "closed the account of Sam" in client.get("/settings/audit/").content.decode()
