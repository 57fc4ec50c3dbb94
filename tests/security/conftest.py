"""What the tests of security share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.team.models import ApiToken, User


@pytest.fixture
def signed_in() -> Callable[..., Client]:
    """A browser of this user that answers 500 as the server does, instead of raising."""

    def client(user: User, **options: Any) -> Client:
        browser = Client(raise_request_exception=False, **options)
        browser.force_login(user)
        return browser

    return client


@pytest.fixture
def calling() -> Callable[..., Client]:
    """A program with a fresh token of this user."""

    def client(user: User, scope: str = "write") -> Client:
        _, secret = ApiToken.issue(user, scope)
        return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {secret}"})

    return client
