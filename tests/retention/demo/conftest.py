"""The demo told once, at NOON, for all tests that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings

from retention.demo import seeding
from tests.conftest import NOON


@pytest.fixture(scope="session")
def demo_mail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mail")


@pytest.fixture(scope="package")
def told(django_db_setup: None, django_db_blocker: Any, demo_mail: Path) -> Iterator[Path]:
    """The folder with the letters; rows are there until the last test has looked at them."""
    with django_db_blocker.unblock(), override_settings(EMAIL_URL=f"folder://{demo_mail}"), transaction.atomic():
        assert seeding.fill(NOON, demo_mail)
        yield demo_mail
        transaction.set_rollback(True)
