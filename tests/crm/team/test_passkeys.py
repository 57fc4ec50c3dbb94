"""Passkeys without a browser: what is refused. The way with one is tests/journeys/test_passkeys.py."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from crm.team import views as team_views
from crm.team.models import Organisation, User
from crm.team.second_factor import SecondFactorAdapter
from tests.crm.duplicates.test_races import beside
from tests.crm.team.test_second_factor import signed_in

NONSENSE = [{}, {"id": 1}, [], "x", {"id": "eA", "rawId": "eA", "type": "public-key", "response": {}}]


@pytest.fixture(autouse=True)
def no_limits(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    settings.MFA_RATE_LIMITS = False


def passkey_of(user: User, name: str = "Laptop") -> Authenticator:
    return Authenticator.objects.create(user=user, type="webauthn", data={"name": name, "credential": {}})


@pytest.mark.parametrize("credential", NONSENSE)
def test_nonsense_opens_nothing(db: None, credential: Any) -> None:
    web = Client()
    asked = web.get("/sign-in/passkey/", headers={"Accept": "application/json"}).json()
    assert asked["request_options"]["publicKey"]["userVerification"] == "required"
    answer = web.post("/sign-in/passkey/", {"credential": json.dumps(credential)})
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    assert "_auth_user_id" not in web.session


@pytest.mark.parametrize("credential", NONSENSE)
def test_nonsense_is_no_new_passkey(mira: User, credential: Any) -> None:
    web = signed_in(mira)
    web.get("/me/second-factor/passkeys/new/")
    answer = web.post("/me/second-factor/passkeys/new/", {"credential": json.dumps(credential), "passwordless": "on"})
    assert answer.status_code == 200
    assert not Authenticator.objects.exists()


def test_anothers_passkey_is_not_there(mira: User, sam: User) -> None:
    theirs = passkey_of(sam)
    web = signed_in(mira)
    assert web.post(f"/me/second-factor/passkeys/{theirs.pk}/name/", {"name": "Mine"}).status_code == 404
    assert web.post(f"/me/second-factor/passkeys/{theirs.pk}/removal/").status_code == 404
    assert Authenticator.objects.get().data["name"] == "Laptop"


def test_whoever_must_have_a_factor_keeps_the_last_one(mira: User) -> None:
    web = signed_in(mira)
    first, second = passkey_of(mira), passkey_of(mira, "Phone")
    Organisation.objects.create(pk=1, second_factor="everybody")
    for one in (first, second):
        web.post(f"/me/second-factor/passkeys/{one.pk}/removal/")
    assert list(Authenticator.objects.all()) == [second]


def test_a_name_is_wanted(mira: User) -> None:
    web = signed_in(mira)
    mine = passkey_of(mira)
    for name, kept in [("", "Laptop"), ("x" * 61, "Laptop"), ("Work", "Work")]:
        web.post(f"/me/second-factor/passkeys/{mine.pk}/name/", {"name": name})
        assert Authenticator.objects.get().data["name"] == kept


@pytest.mark.django_db(transaction=True)
def test_two_removals_at_once_leave_one_to_whoever_must_have_one(mira: User) -> None:
    browsers = [signed_in(mira), signed_in(mira)]
    asked = list(zip(browsers, (passkey_of(mira), passkey_of(mira, "Phone")), strict=True))
    Organisation.objects.create(pk=1, second_factor="everybody")
    allowed = SecondFactorAdapter.can_delete_authenticator
    both = threading.Barrier(2, timeout=1)

    def slowly(self: Any, authenticator: Any) -> bool:
        answer = allowed(self, authenticator)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait()  # as if both had been judged before either is gone
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SecondFactorAdapter, "can_delete_authenticator", slowly)
        answers = beside(*(partial(web.post, f"/me/second-factor/passkeys/{one.pk}/removal/") for web, one in asked))
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Authenticator.objects.count() == 1


def test_a_passkey_that_is_gone_already_is_no_mistake(mira: User, monkeypatch: Any) -> None:
    web, one = signed_in(mira), passkey_of(mira)
    taken = team_views.giving_up

    @contextlib.contextmanager
    def later(user: User) -> Iterator[None]:
        Authenticator.objects.all().delete()
        with taken(user):
            yield

    monkeypatch.setattr(team_views, "giving_up", later)
    page = web.post(f"/me/second-factor/passkeys/{one.pk}/removal/", follow=True).content.decode()
    assert "removed already. Nothing changed." in page
