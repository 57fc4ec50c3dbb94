"""Callers of the API: the cast with tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from crm.team.models import ApiToken, User


@pytest.fixture
def calling() -> Callable[..., APIClient]:
    """A client with a fresh token of this user."""

    def client(user: User, scope: str = "write") -> APIClient:
        _, secret = ApiToken.issue(user, scope)
        api = APIClient()
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return api

    return client


@pytest.fixture
def api(calling: Any, mira: User) -> APIClient:
    """Mira, who sees everything, with scope write."""
    return calling(mira)  # type: ignore[no-any-return]
