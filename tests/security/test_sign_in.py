"""Guessing, fixing and probing at the door: passwords, sessions and who is somebody here (T20)."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, override_settings

from crm.outbox.models import OutboundMessage
from crm.team.models import User

DOOR = "/sign-in/"
RIGHT = "correct horse"
#: One address, as people and attackers write it.
VARIANTS = ["mira@example.com", "MIRA@example.com", "Mira@Example.Com", " mira@example.com ", "mira@EXAMPLE.com"]
#: Addresses that look like it to some databases, and are nobody's here.
LOOKALIKES = ["míra@example.com", "mıra@example.com", "mira@ехample.com", "ｍira@example.com", "mira@example.com\u200b"]


def attempt(password: str, login: str = "mira@example.com", **headers: str) -> Any:
    return Client().post(DOOR, {"login": login, "password": password}, headers=headers)


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("away", [False, True])
def test_ten_tries_are_the_most_whatever_the_caller_says_of_itself(mira: User, settings: Any, away: bool) -> None:
    if away:  # the limits must not vanish with Redis
        settings.CACHES = {
            name: cache | ({"LOCATION": "redis://127.0.0.1:1/0"} if "redis" in cache["LOCATION"] else {})
            for name, cache in settings.CACHES.items()
        }
    heard = 0
    for number in range(40):
        answer = Client(REMOTE_ADDR=f"203.0.113.{number}").post(
            DOOR,
            {"login": VARIANTS[number % len(VARIANTS)], "password": f"guess {number}"},
            headers={"X-Forwarded-For": f"198.51.100.{number}", "Host": f"localhost:{8000 + number}"},
        )
        heard += "do not belong together" in answer.content.decode()
    assert heard <= 10

    browser = Client()
    locked = browser.post(DOOR, {"login": "mira@example.com", "password": RIGHT})
    assert "Too many tries with this address." in locked.content.decode()
    assert not is_in(browser)


def test_a_forged_header_gives_no_address_of_ones_own(mira: User) -> None:
    answers = [
        attempt("guess", f"nobody{number}@example.com", **{"X-Forwarded-For": f"198.51.100.{number}"}).content.decode()
        for number in range(14)
    ]
    assert sum("do not belong together" in answer for answer in answers) == 10


@override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1)
def test_behind_a_proxy_of_ours_its_own_word_counts_and_not_the_callers(mira: User) -> None:
    def tried(forwarded: str) -> bool:
        answer = attempt("guess", f"{forwarded.replace(', ', '-')}@example.com", **{"X-Forwarded-For": forwarded})
        return "do not belong together" in answer.content.decode()

    assert sum(tried(f"198.51.100.{number}, 203.0.113.7") for number in range(14)) == 10
    assert tried("198.51.100.1, 203.0.113.8")


@pytest.mark.parametrize("login", LOOKALIKES)
def test_an_address_that_looks_alike_is_another(mira: User, login: str) -> None:
    browser = Client()
    browser.post(DOOR, {"login": login, "password": RIGHT})
    assert not is_in(browser)


def test_one_who_knows_the_password_is_not_locked_out_by_signing_in_often(mira: User) -> None:
    for _ in range(12):
        browser = Client()
        browser.post(DOOR, {"login": "mira@example.com", "password": RIGHT})
        assert is_in(browser)


def test_the_session_is_new_at_the_door_and_dead_behind_it(mira: User) -> None:
    browser = Client()
    browser.get(DOOR)
    browser.cookies["sessionid"] = fixed = "a" * 32
    browser.post(DOOR, {"login": "mira@example.com", "password": RIGHT})
    assert is_in(browser)
    inside = browser.cookies["sessionid"].value
    assert inside != fixed

    stolen = Client()
    stolen.cookies["sessionid"] = inside
    assert stolen.get("/me/").status_code == 200
    browser.post("/sign-in/out/")
    assert stolen.get("/me/").status_code == 302


def test_a_new_password_ends_the_other_sessions(mira: User) -> None:
    here, there = Client(), Client()
    for browser in (here, there):
        browser.post(DOOR, {"login": "mira@example.com", "password": RIGHT})
    before = here.session.session_key
    new = "battery staple wire"
    here.post("/me/password/", {"old_password": RIGHT, "new_password1": new, "new_password2": new})
    assert here.get("/me/").status_code == 200
    assert here.session.session_key != before
    assert there.get("/me/").status_code == 302


def test_nobody_at_an_unlocked_screen_guesses_the_present_password(mira: User) -> None:
    browser = Client()
    browser.force_login(mira)
    new = {"new_password1": "battery staple wire", "new_password2": "battery staple wire"}
    for number in range(5):
        assert browser.post("/me/password/", new | {"old_password": f"guess {number}"}).status_code == 422
    assert browser.post("/me/password/", new | {"old_password": RIGHT}).status_code == 302
    mira.refresh_from_db()
    assert mira.check_password(RIGHT)


def test_somebody_who_left_is_out_at_once(mira: User) -> None:
    browser = Client()
    browser.force_login(mira)
    User.objects.filter(pk=mira.pk).update(is_active=False)
    assert browser.get("/me/").status_code == 302
    assert browser.get("/accounts/").status_code == 302


def plain(answer: Any, *typed: str) -> tuple[int, str, str]:
    """Status, place and body, without what is new in every answer or was typed."""
    body = re.sub(r'(csrfmiddlewaretoken" value|X-CSRFToken": |nonce)="?[^"]*"', "", answer.content.decode())
    for word in typed:
        body = body.replace(word, "")
    return answer.status_code, answer.get("Location", ""), body


@pytest.mark.parametrize(
    ("address", "form"), [(DOOR, {"password": "guess"}), ("/sign-in/password/", {})], ids=["signing in", "forgotten"]
)
def test_the_known_and_the_unknown_are_told_the_same(mira: User, address: str, form: dict[str, str]) -> None:
    name = "login" if address == DOOR else "email"
    told = [plain(Client().post(address, form | {name: who}), who) for who in ("mira@example.com", "miro@example.com")]
    assert told[0] == told[1]
    # The door says nothing; only who is somebody here hears of it, by mail.
    assert [message.user_id for message in OutboundMessage.objects.all()] == ([] if address == DOOR else [mira.pk])


def test_asking_for_a_new_password_is_limited(mira: User) -> None:
    for _ in range(12):
        Client().post("/sign-in/password/", {"email": "mira@example.com"})
    assert OutboundMessage.objects.count() == 5


def test_a_link_to_a_new_password_is_good_once_and_for_its_user(mira: User, olaf: User) -> None:
    browser = Client()
    browser.post("/sign-in/password/", {"email": "mira@example.com"})
    link = re.search(r"/sign-in/password/\S+", OutboundMessage.objects.get().facts["text"])
    assert link
    new = {"password1": "battery staple wire", "password2": "battery staple wire"}
    other = link[0].replace("/password/1-", "/password/2-") if "/password/1-" in link[0] else link[0][:-3] + "x/"
    assert Client().get(other, follow=True).status_code == 200
    for number in range(2):
        visitor = Client()
        page = visitor.get(link[0])
        if page.status_code == 302:
            visitor.post(page["Location"], new if number == 0 else dict.fromkeys(new, "other staple wire"))
    mira.refresh_from_db()
    olaf.refresh_from_db()
    assert mira.check_password("battery staple wire")
    assert olaf.check_password(RIGHT)


def test_the_answer_takes_as_long_for_the_unknown(mira: User, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    mira.set_password(RIGHT)
    mira.save()
    settings.ACCOUNT_RATE_LIMITS = False

    def took(login: str) -> float:
        began = time.perf_counter()
        attempt("guess", login)
        return time.perf_counter() - began

    pairs = [(took("mira@example.com"), took("miro@example.com")) for _ in range(3)]
    known, unknown = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert 0.6 < known / unknown < 1.6


def test_who_is_not_somebody_here_gets_nowhere_by_any_header(mira: User) -> None:
    for headers in ({"X-User": "mira@example.com"}, {"Remote-User": "mira@example.com"}, {"X-Original-URL": "/healthz"},
                    {"X-Rewrite-URL": "/healthz"}, {"X-HTTP-Method-Override": "GET"}):  # fmt: skip
        assert Client(REMOTE_USER="").get("/accounts/", headers=headers).status_code == 302


def test_a_form_of_another_site_is_refused(make_user: Callable[..., User]) -> None:
    mira = make_user("Mira")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(mira)
    assert browser.post("/me/", {"name": "Other"}).status_code == 403
    assert browser.post("/me/", {"name": "Other"}, headers={"Origin": "https://evil.example"}).status_code == 403
    assert (
        Client(enforce_csrf_checks=True).post(DOOR, {"login": "mira@example.com", "password": RIGHT}).status_code == 403
    )
    mira.refresh_from_db()
    assert mira.name == "Mira"
