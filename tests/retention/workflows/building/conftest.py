"""An admin at the builder, and a workflow of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from retention.workflows.building import drafts, making
from retention.workflows.models import Workflow
from tests.conftest import NOON

FINISHED: dict[str, Any] = {
    "name": "Silent",
    "trigger": {"when": "silence", "days": 14},
    "steps": [
        {"id": "mail", "do": "message", "subject": "Hello", "body": "How are you?"},
        {"id": "pause", "do": "wait", "for": {"days": 3}},
        {
            "id": "large", "do": "branch", "if": {"field": "lifecycle", "op": "in", "value": ["customer"]},
            "then": [{"id": "call", "do": "task", "title": "Call them"}], "else": [],
        },
    ],
}  # fmt: skip


@pytest.fixture
def browse() -> Callable[[Any], Client]:
    def of(user: Any) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return of


@pytest.fixture
def own(ada: Any) -> Workflow:
    """“Silent”, with nothing in it yet."""
    return making.begin("Silent", ada, NOON)


@pytest.fixture
def built(own: Workflow, ada: Any) -> Workflow:
    """“Silent”, finished and not published."""

    def fill(data: dict[str, Any]) -> str:
        data.update(FINISHED)
        return "filled it in"

    drafts.edit(own.slug, own.draft_edition, fill, "", ada, NOON)
    own.refresh_from_db()
    return own
