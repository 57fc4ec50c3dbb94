"""API tokens: who is let in, with which rights, and what is remembered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from crm.accounts.models import Account
from crm.team.models import ApiToken
from crm.web import clock
from tests.conftest import NOON

ACCOUNTS = "/api/v1/accounts/"


def get(secret: str, scheme: str = "Bearer") -> Any:
    return APIClient().get(ACCOUNTS, headers={"Authorization": f"{scheme} {secret}"})


def test_only_the_hash_is_kept(mira: Any) -> None:
    token, secret = ApiToken.issue(mira, "read")
    assert secret.startswith("hf_")
    assert secret not in str(ApiToken.objects.filter(pk=token.pk).values())


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_token_lets_in(mira: Any, scheme: str) -> None:
    _, secret = ApiToken.issue(mira, "read")
    assert get(secret, scheme).status_code == 200


@pytest.mark.parametrize("secret", ["hf_wrong", "", "ä", "x" * 5000, "a b"])
def test_an_unknown_token_does_not(mira: Any, secret: str) -> None:
    answer = get(secret.encode().decode("latin-1"))
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="Holdfast"')
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}])
def test_nobody_without_a_token(db: None, header: dict[str, str]) -> None:
    assert APIClient().get(ACCOUNTS, headers=header).status_code == 401


def test_a_session_is_no_token(mira: Any) -> None:
    client = APIClient()
    client.force_login(mira)
    assert client.get(ACCOUNTS).status_code == 401


def test_revoked_tokens_and_inactive_users_are_out(mira: Any, olaf: Any) -> None:
    token, secret = ApiToken.issue(mira, "read")
    ApiToken.objects.filter(pk=token.pk).update(revoked_at=NOON)
    assert get(secret).status_code == 401
    _, secret = ApiToken.issue(olaf, "read")
    type(olaf).objects.filter(pk=olaf.pk).update(is_active=False)
    assert get(secret).status_code == 401


def test_a_read_token_writes_nothing(mira: Any) -> None:
    _, secret = ApiToken.issue(mira, "read")
    answer = APIClient().post(ACCOUNTS, {"name": "X"}, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 403
    assert answer.json()["detail"] == "This token may only read. Make one with scope write."
    assert not Account.objects.exists()


def test_use_is_noted_at_most_once_a_minute(mira: Any) -> None:
    token, secret = ApiToken.issue(mira, "read")
    get(secret)
    with clock.travelling(NOON + timedelta(seconds=60)):
        get(secret)
    token.refresh_from_db()
    assert token.last_used_at == NOON
    with clock.travelling(NOON + timedelta(seconds=60, microseconds=1)):
        get(secret)
    token.refresh_from_db()
    assert token.last_used_at == NOON + timedelta(seconds=60, microseconds=1)
