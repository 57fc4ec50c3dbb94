"""What goes wrong tells the log, and tells callers nothing; neither hears a secret."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client

from crm.accounts import api
from crm.accounts.models import Account
from crm.segments.listing import page as listing
from crm.team.models import ApiToken, User

INSIDE = "Innards of /srv/holdfast at 10.0.0.7"


def _breaks(*args: Any, **kwargs: Any) -> Any:
    raise KeyError(INSIDE)


def test_what_nobody_foresaw_is_a_problem_without_details(
    ada: User, calling: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(api.AccountResource, "narrowed", _breaks)
    monkeypatch.setattr(api.AccountResource, "write", _breaks)
    program = calling(ada)
    for answer in (
        program.get("/api/v1/accounts/"),
        program.post("/api/v1/accounts/", {"name": "Kelp"}, "application/json"),
        program.post("/api/v1/accounts/", {"name": "Kelp"}, "application/json", headers={"Idempotency-Key": "k"}),
    ):
        assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
        assert answer.json()["title"] == "Internal Server Error"
        assert INSIDE not in answer.content.decode()
    assert INSIDE in caplog.text
    assert not Account.objects.exists()


def test_what_fails_outside_the_api_views_is_a_problem_too(
    ada: User, calling: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = calling(ada)
    monkeypatch.setattr("crm.team.middleware.ViewerMiddleware.__call__", _breaks)
    monkeypatch.setattr(ApiToken, "find", _breaks)
    answer = program.get("/api/v1/accounts/")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert INSIDE not in answer.content.decode()


def test_a_page_that_breaks_has_no_details(ada: User, signed_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_listed", _breaks)
    answer = signed_in(ada).get("/accounts/?q=secretquery")
    assert answer.status_code == 500
    assert answer["Content-Type"].startswith("text/html")
    for word in (INSIDE, "Traceback", "KeyError", "secretquery", "crm.config"):
        assert word not in answer.content.decode()


def test_no_secret_is_kept_or_logged(ada: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token, secret = ApiToken.issue(ada, "write")
    program = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {secret}"})
    program.post("/api/v1/accounts/", {"name": "x\0", "note": "hunter2 body"}, "application/json")
    program.get("/api/v1/nowhere/")
    browser = Client(raise_request_exception=False)
    browser.post("/sign-in/", {"login": "ada@example.com", "password": "hunter2 guess"})
    browser.post("/sign-in/", {"login": "ada@example.com", "password": "correct horse"})
    browser.post("/me/password/", {"old_password": "hunter2 old", "new_password1": "hunter2 new", "new_password2": "x"})
    for word in (secret, "hunter2", "correct horse", browser.session.session_key):
        assert word not in caplog.text
    assert secret not in str(ApiToken.objects.filter(pk=token.pk).values())
    assert "correct horse" not in str(User.objects.filter(pk=ada.pk).values())
