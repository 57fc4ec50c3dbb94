"""Whatever is sent: an answer below 500, as problem details."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DataError
from rest_framework.test import APIClient

from crm.accounts.models import Account
from crm.web.problems import LARGEST_BODY, problem_response
from tests import factories

ACCOUNTS = "/api/v1/accounts/"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'"x"', 400),
        (b'{"name": "\xff"}', 400),
        (b'{"name": NaN}', 400),
        (b'{"name": "a\\u0000b"}', 400),
        (b'{"name": "X", "a\\u0000": 1}', 400),
        (b'{"name": "\\ud800"}', 400),
        (b'{"name": "X", "risk": ' + b"9" * 5000 + b"}", 400),
        (b'{"name": "X", "tags": ' + b"[" * 40 + b"]" * 40 + b"}", 400),
        (b"[" * 200_000, 400),
        (b'{"name": "' + b"x" * LARGEST_BODY + b'"}', 413),
    ],
)
def test_bad_bodies(api: Any, body: bytes, status: int) -> None:
    answer = api.generic("POST", ACCOUNTS, body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert {"type", "title", "detail"} <= set(problem)
    assert not Account.objects.exists()


def test_a_body_of_just_one_mebibyte_is_read(api: Any) -> None:
    body = b'{"name": "X"' + b" " * (LARGEST_BODY - 13) + b"}"
    assert len(body) == LARGEST_BODY
    assert api.generic("POST", ACCOUNTS, body, content_type="application/json").status_code == 201
    assert api.generic("POST", ACCOUNTS, body + b" ", content_type="application/json").status_code == 413


def test_other_formats_are_refused(api: Any) -> None:
    assert api.generic("POST", ACCOUNTS, b"name=X", content_type="application/x-www-form-urlencoded").status_code == 415
    refused = api.get(ACCOUNTS, headers={"Accept": "text/html"})
    assert (refused.status_code, refused["Content-Type"]) == (406, "application/problem+json")


def test_methods_that_do_not_exist(api: Any) -> None:
    assert api.delete(f"{ACCOUNTS}{factories.account().pk}/").status_code == 405
    assert Account.objects.count() == 1


@pytest.mark.parametrize("path", ["", "nothing/", "accounts", "accounts/1/nothing/"])
def test_unknown_addresses(api: Any, path: str) -> None:
    answer = api.get(f"/api/v1/{path}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert APIClient().get(f"/api/v1/{path}").status_code == 401


def test_a_value_that_postgres_refuses_is_the_callers_fault() -> None:
    answer = problem_response(DataError("out of range"), {})
    assert answer is not None
    assert answer.data == {
        "type": "urn:holdfast:problem:invalid",
        "title": "Bad Request",
        "status": 400,
        "detail": "A value does not fit its field.",
    }


def test_what_nobody_foresaw_tells_nothing_of_the_inside() -> None:
    answer = problem_response(RuntimeError("secret"), {})
    assert (answer.status_code, answer.data["status"]) == (500, 500)
    assert "secret" not in str(answer.data)
