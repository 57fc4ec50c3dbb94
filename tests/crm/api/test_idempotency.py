"""Idempotency-Key: a POST happens once, whatever is repeated."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from crm.accounts.models import Account
from crm.team.models import ApiToken
from crm.web import clock
from crm.web.idempotency import KEPT
from crm.web.models import IdempotentAnswer
from tests import factories
from tests.conftest import NOON

ACCOUNTS = "/api/v1/accounts/"


def post(api: Any, key: str, body: dict[str, Any] | None = None, url: str = ACCOUNTS) -> Any:
    return api.post(url, body or {"name": "Once"}, headers={"Idempotency-Key": key})


def test_the_same_key_gets_the_first_answer(api: Any) -> None:
    first, second = post(api, "k"), post(api, "k")
    assert (first.status_code, second.status_code) == (201, 201)
    assert (second.json(), second["Location"], second["ETag"]) == (first.json(), first["Location"], first["ETag"])
    assert (second["Idempotency-Replayed"], "Idempotency-Replayed" in first) == ("true", False)
    assert Account.objects.count() == 1


def test_the_same_key_with_another_request_is_refused(api: Any) -> None:
    post(api, "k")
    for again in (post(api, "k", {"name": "Other"}), post(api, "k", url="/api/v1/tasks/")):
        assert (again.status_code, again.json()["type"]) == (422, "urn:holdfast:problem:idempotency-key-reused")
    assert Account.objects.count() == 1


def test_keys_belong_to_a_token(api: Any, calling: Any, mira: Any) -> None:
    assert (post(api, "k").status_code, post(calling(mira), "k").status_code) == (201, 201)
    assert Account.objects.count() == 2


def test_a_refused_request_keeps_no_key(api: Any) -> None:
    assert post(api, "k", {"name": ""}).status_code == 400
    assert not IdempotentAnswer.objects.exists()
    assert post(api, "k").status_code == 201


def test_a_conflict_keeps_no_key(api: Any) -> None:
    factories.account("Taken", external_id="E")
    assert post(api, "k", {"name": "N", "external_id": "E"}).status_code == 409
    assert not IdempotentAnswer.objects.exists()


@pytest.mark.parametrize("key", ["", "x" * 201, "é", "a\tb"])
def test_a_key_is_printable_ascii(api: Any, key: str) -> None:
    assert post(api, key).status_code == 400
    assert not Account.objects.exists()


def test_a_key_whose_request_is_under_way_conflicts(api: Any) -> None:
    token = ApiToken.objects.get()
    with psycopg.connect(**_connection(), autocommit=False) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('idempotency:' || %s, 0))", [f"{token.pk}:k"])
        answer = post(api, "k")
        assert (answer.status_code, Account.objects.count()) == (409, 0)
        other.rollback()
    assert post(api, "k").status_code == 201


def _connection() -> dict[str, Any]:
    known = connection.get_connection_params()
    return {name: known[name] for name in ("dbname", "user", "password", "host", "port") if known.get(name)}


def test_keys_are_kept_for_two_days(api: Any) -> None:
    post(api, "old")
    with clock.travelling(NOON + KEPT):
        post(api, "a")
        assert post(api, "old")["Idempotency-Replayed"] == "true"
    with clock.travelling(NOON + KEPT + timedelta(microseconds=1)):
        post(api, "b")
    assert sorted(IdempotentAnswer.objects.values_list("key", flat=True)) == ["a", "b"]


def test_verbs_happen_once_too(api: Any) -> None:
    task = api.post("/api/v1/tasks/", {"title": "Call", "due_at": "2026-06-02T09:00:00Z"}).json()
    done = post(api, "k", {"x": 1}, f"/api/v1/tasks/{task['id']}/completion/")
    post(api, "r", {"x": 1}, f"/api/v1/tasks/{task['id']}/reopening/")
    again = post(api, "k", {"x": 1}, f"/api/v1/tasks/{task['id']}/completion/")
    assert (done.json()["done_at"], again.json()) == ("2026-06-01T12:00:00Z", done.json())
    assert api.get(f"/api/v1/tasks/{task['id']}/").json()["done_at"] is None
