"""The second factor: set up, asked for, required, and taken away when a phone is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.core.management import CommandError, call_command
from django.test import Client

from crm.team import actions, second_factor
from crm.team.models import ApiToken, Organisation, User

PASSWORD = "correct horse"


def signed_in(user: User) -> Client:
    """As a person does, so that the password was given just now."""
    web = Client()
    answer = web.post("/sign-in/", {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    return web


def code_for(secret: str) -> str:
    _, present, _ = auth.yield_hotp_counters_from_time()  # the one before ends when the half minute does
    return auth.format_hotp_value(auth.hotp_value(secret, present))


def set_up(web: Client) -> str:
    """Returns the secret that the app has."""
    secret = str(web.get("/me/second-factor/app/").context["form"].secret)
    answer = web.post("/me/second-factor/app/", {"code": code_for(secret)})
    assert (answer.status_code, answer["Location"]) == (302, "/me/second-factor/codes/")
    return secret


def require(whom: str) -> None:
    Organisation.objects.update_or_create(pk=1, defaults={"second_factor": whom})


@pytest.fixture(autouse=True)
def no_limits(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = False


def test_it_is_set_up_and_then_asked_for(mira: User) -> None:
    web = signed_in(mira)
    secret = set_up(web)
    stored = Authenticator.objects.get(user=mira, type="totp").data["secret"]
    assert secret not in stored
    assert second_factor.SecondFactorAdapter().decrypt(stored) == secret
    codes = web.get("/me/second-factor/codes/").context["unused_codes"]
    assert len(codes) == 10

    other = Client()
    answer = other.post("/sign-in/", {"login": mira.email, "password": PASSWORD})
    assert answer["Location"] == "/sign-in/code/"
    assert other.get("/me/").status_code == 302  # not in yet
    assert other.post("/sign-in/code/", {"code": "000000"}).status_code == 200
    assert other.get("/me/").status_code == 302
    assert other.post("/sign-in/code/", {"code": codes[0]}).status_code == 302
    assert other.get("/me/").status_code == 200

    third = Client()  # a recovery code opens once
    third.post("/sign-in/", {"login": mira.email, "password": PASSWORD})
    assert third.post("/sign-in/code/", {"code": codes[0]}).status_code == 200
    assert third.get("/me/").status_code == 302


def test_a_wrong_code_sets_nothing_up(mira: User) -> None:
    web = signed_in(mira)
    web.get("/me/second-factor/app/")
    page = web.post("/me/second-factor/app/", {"code": "000000"}).content.decode()
    assert "This code is not right" in page
    assert not Authenticator.objects.exists()


def test_it_can_be_switched_off_unless_it_is_required(mira: User) -> None:
    web = signed_in(mira)
    set_up(web)
    require("everybody")
    web.post("/me/second-factor/app/off/")
    assert Authenticator.objects.filter(type="totp").exists()
    require("optional")
    assert web.post("/me/second-factor/app/off/").status_code == 302
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize(
    ("required", "role", "led"),
    [("optional", "admin", False), ("admins", "admin", True), ("admins", "agent", False), ("everybody", "agent", True)],
)
def test_who_owes_one_is_led_to_it_and_gets_nowhere_else(
    make_user: Callable[..., User], required: str, role: str, led: bool
) -> None:
    user = make_user("Vera", role)
    require(required)
    web = signed_in(user)
    pages = ["/", "/accounts/", "/me/", "/me/tokens/", "/settings/", "/tasks/", "/me/second-factor/"]
    to = [web.get(page).headers.get("Location") for page in pages]
    assert to == (["/me/second-factor/app/"] * len(pages) if led else [None] * len(pages))
    posted = web.post("/me/tokens/", {"name": "x", "scope": "write"})
    assert ApiToken.objects.exists() is not led
    assert (posted.headers.get("Location") == "/me/second-factor/app/") is led
    assert web.get("/me/second-factor/app/").status_code == 200
    if led:
        set_up(web)
        assert web.get("/me/").status_code == 200


def test_whoever_owes_one_can_still_sign_out(ada: User) -> None:
    require("everybody")
    web = signed_in(ada)
    assert web.post("/sign-in/out/").status_code == 302
    assert "_auth_user_id" not in web.session


def test_an_open_page_is_led_there_too(ada: User) -> None:
    """A page that was open before the rule: its next fragment loads the page anew."""
    web = signed_in(ada)
    require("everybody")
    answer = web.get("/accounts/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")


def test_requiring_is_for_admins_and_holds_at_once(ada: User, mira: User) -> None:
    web, theirs = signed_in(ada), signed_in(mira)
    assert theirs.post("/settings/second-factor/", {"second_factor": "optional"}).status_code == 403
    assert web.post("/settings/second-factor/", {"second_factor": "everybody"}).status_code == 302
    assert theirs.get("/")["Location"] == "/me/second-factor/app/"
    assert web.get("/settings/")["Location"] == "/me/second-factor/app/"


def test_an_admin_resets_a_lost_one_and_ends_all_sessions(ada: User, mira: User) -> None:
    web = signed_in(mira)
    set_up(web)
    assert actions.reset_second_factor(mira, ada)
    assert not Authenticator.objects.exists()
    assert web.get("/me/").status_code == 302
    assert signed_in(mira).get("/me/").status_code == 200
    assert not actions.reset_second_factor(mira, ada)


def test_secrets_survive_a_new_key_while_the_old_one_is_named(settings: Any) -> None:
    adapter = second_factor.SecondFactorAdapter()
    kept, settings.SECRET_KEY_FALLBACKS = adapter.encrypt("JBSWY3DP"), [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one"
    assert adapter.decrypt(kept) == "JBSWY3DP"


def test_a_command_helps_the_last_admin(ada: User, capsys: Any) -> None:
    Authenticator.objects.create(user=ada, type="totp", data={})
    call_command("reset_second_factor", "Ada@example.com")
    assert not Authenticator.objects.exists()
    for email in ("ada@example.com", "nobody@example.com"):
        with pytest.raises(CommandError) as refusal:
            call_command("reset_second_factor", email)
        assert refusal.value.returncode == 2
