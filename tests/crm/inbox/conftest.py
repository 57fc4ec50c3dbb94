"""An installation with an account on each channel."""

from __future__ import annotations

from typing import Any

import pytest

from tests.crm.inbox.chats import SETTINGS


@pytest.fixture
def channels(settings: Any, db: None) -> None:
    for name, value in SETTINGS.items():
        setattr(settings, name, value)
