"""Signing in and out, the closed door of signing up, and one's own profile."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from crm.team.models import User


@pytest.fixture
def web(client: Client, mira: User) -> Client:
    client.force_login(mira)
    return client


def test_a_page_without_a_session_leads_to_signing_in_and_back(client: Client, db: None) -> None:
    response = client.get("/accounts/?sort=mrr")

    assert response.status_code == 302
    assert response["Location"] == "/sign-in/?next=/accounts/%3Fsort%3Dmrr"
    page = client.get(response["Location"])
    assert page.status_code == 200
    assert b'name="next"' in page.content


def test_the_right_password_signs_in(client: Client, mira: User) -> None:
    response = client.post(
        "/sign-in/", {"login": "Mira@Example.com", "password": "correct horse", "next": "/accounts/"}
    )

    assert response.status_code == 302
    assert response["Location"] == "/accounts/"
    assert client.session["_auth_user_id"] == str(mira.pk)


def test_a_wrong_password_says_what_to_do_and_does_not_sign_in(client: Client, mira: User) -> None:
    response = client.post("/sign-in/", {"login": "mira@example.com", "password": "wrong horse"})

    assert response.status_code == 200
    assert "E-mail address and password do not belong together." in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_an_unknown_address_is_told_the_same_as_a_wrong_password(client: Client, db: None) -> None:
    response = client.post("/sign-in/", {"login": "nobody@example.com", "password": "correct horse"})

    assert "E-mail address and password do not belong together." in response.content.decode()


def test_a_closed_account_is_not_let_in(client: Client, mira: User) -> None:
    User.objects.filter(pk=mira.pk).update(is_active=False)

    client.post("/sign-in/", {"login": "mira@example.com", "password": "correct horse"})

    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("address", ["/sign-in/signup/", "/signup/", "/sign-up/", "/accounts/signup/"])
def test_nobody_signs_up(client: Client, db: None, address: str) -> None:
    response = client.post(address, {"email": "new@example.com", "password1": "correct horse", "password2": "x"})

    assert response.status_code in (302, 404)
    assert not User.objects.exists()
    with pytest.raises(NoReverseMatch):
        reverse("account_signup")


def test_signing_out_takes_a_post(web: Client) -> None:
    assert web.get("/sign-in/out/").status_code == 200
    assert "_auth_user_id" in web.session

    response = web.post("/sign-in/out/")

    assert response["Location"] == "/sign-in/"
    assert "_auth_user_id" not in web.session


def test_people_change_their_name_and_zone_only(web: Client, mira: User, olaf: User) -> None:
    response = web.post("/me/", {"name": "Mira O.", "time_zone": "lisbon", "role": "admin", "id": olaf.pk})

    assert response.status_code == 302
    mira.refresh_from_db()
    olaf.refresh_from_db()
    assert (mira.name, mira.time_zone, mira.role) == ("Mira O.", "Europe/Lisbon", "manager")
    assert (olaf.name, olaf.time_zone) == ("Olaf", "")


def test_an_unknown_zone_is_refused_and_nothing_is_saved(web: Client, mira: User) -> None:
    response = web.post("/me/", {"name": "Other", "time_zone": "Middle-earth/Shire"})

    assert response.status_code == 422
    assert "“Middle-earth/Shire” is no time zone." in response.content.decode()
    mira.refresh_from_db()
    assert (mira.name, mira.time_zone) == ("Mira", "Europe/Berlin")


def test_the_password_changes_with_the_present_one(web: Client, mira: User) -> None:
    new = "battery staple wire"

    response = web.post("/me/password/", {"old_password": "correct horse", "new_password1": new, "new_password2": new})

    assert response.status_code == 302
    mira.refresh_from_db()
    assert mira.check_password(new)
    assert web.get("/me/").status_code == 200  # this session goes on


def test_the_password_stays_without_the_present_one(web: Client, mira: User) -> None:
    new = "battery staple wire"

    response = web.post("/me/password/", {"old_password": "guess", "new_password1": new, "new_password2": new})

    assert response.status_code == 422
    assert "That is not your present password." in response.content.decode()
    mira.refresh_from_db()
    assert mira.check_password("correct horse")
