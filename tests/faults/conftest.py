"""The world of the fault tests, made when the first of them asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crm.config import embedded
from tests.faults.servers import postgres
from tests.faults.web import Web
from tests.faults.world import World


@pytest.fixture(scope="session")
def created_world(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("world")
    with postgres(embedded.data_dir() / f"faults-{os.getpid()}") as server:
        with django_db_blocker.unblock(), server.taken_over():
            server.configure()
            made = World(folder, server)
        yield made
        made.close()


@pytest.fixture
def world(created_world: World, settings: Any, django_db_blocker: Any) -> Iterator[World]:
    """Empty, with this process on its database and clock."""
    settings.HOLDFAST_CLOCK_FILE = str(created_world.clock.path)
    settings.REDIS_URL = created_world.valkey.url
    with django_db_blocker.unblock(), created_world.postgres.taken_over():
        created_world.fresh()
        yield created_world


@pytest.fixture(scope="session")
def created_web(created_world: World) -> Web:
    return Web(created_world)


@pytest.fixture
def web(world: World, created_web: Web) -> Web:
    """The one server of the session, with Ada signed in."""
    created_web.sign_in()
    created_web.wait()
    return created_web
