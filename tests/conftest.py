"""The cast and the stage that all tests share."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import hypothesis
import pytest
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.base.creation import BaseDatabaseCreation
from django.db.backends.postgresql.operations import DatabaseOperations
from whitenoise.middleware import WhiteNoiseMiddleware

from crm.team.models import User
from crm.web import clock
from tests import database
from tests.browser import CHROMIUM

# How long an example takes tells more of the machine than of the code.
hypothesis.settings.register_profile("holdfast", deadline=None)
hypothesis.settings.load_profile("holdfast")

#: A Monday morning, on which every test happens unless it says otherwise.
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


#: What takes longest begins first, so that no process waits for one at the end.
SLOW = (
    "tests/journeys/test_spine.py", "tests/retention/demo/", "tests/architecture/test_access_matrix.py",
    "tests/security/test_input.py", "tests/bench/", "tests/journeys/", "tests/faults/", "tests/decisions/",
    "tests/crm/config/", "tests/time/", "tests/security/",
)  # fmt: skip
#: Folders whose files share something outside of their databases.
TOGETHER = ("tests/bench/",)
#: Fixtures that take long to make and are then there for all who ask in the same process.
MADE_ONCE = ("told",)
#: Files whose tests share nothing and take long, each.
APART = (
    "tests/journeys/test_spine.py", "tests/journeys/test_axe.py", "tests/architecture/test_access_matrix.py",
    "tests/security/test_input.py",
)  # fmt: skip


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Long forms run only when somebody asks for them: -m long. A file's tests share what it prepares."""
    if "long" not in config.getoption("-m"):
        long = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(_group(item)))
    yield  # and pytest-django puts those that empty their database behind the others
    items.sort(key=lambda item: next((place for place, slow in enumerate(SLOW) if item.nodeid.startswith(slow)), 99))


def _group(item: pytest.Item) -> str:
    """Of what one process runs in one go."""
    file = item.nodeid.partition("::")[0]
    for name in MADE_ONCE:
        if name in getattr(item, "fixturenames", ()):
            return name
    return item.nodeid if file in APART else next((folder for folder in TOGETHER if file.startswith(folder)), file)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Two runs side by side must not share a database."""
    from django.conf import settings

    settings.DATABASES["default"]["TEST"]["NAME"] = f"test_holdfast_{os.getpid()}"


@pytest.fixture(scope="session")
def django_db_use_migrations() -> Iterator[bool]:
    """The first thing that is asked about databases."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseCreation, "create_test_db", database.create_test_db)
        patch.setattr(BaseDatabaseCreation, "_destroy_test_db", database.destroy_test_db)
        patch.setattr(DatabaseOperations, "sql_flush", database.sql_flush)
        patch.setattr("django.core.management.commands.flush.emit_post_migrate_signal", database.no_post_migrate)
        # pytest-django counts tests that ask for a database, and not the fixtures of whole packages that do
        patch.setattr("pytest_django.fixtures._get_databases_for_setup", lambda items: ({DEFAULT_DB_ALIAS}, set[str]()))
        yield True


@pytest.fixture(scope="session", autouse=True)
def files_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Files that tests put to customers lie beside no one's."""
    from django.conf import settings

    settings.MEDIA_ROOT = str(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="session", autouse=True)
def static_files_found_once() -> Iterator[None]:
    """Every client of a test has a server of its own, each of which would look for all static files anew."""
    from django.conf import settings

    settings.STATIC_ROOT = None  # nobody has collected them here
    look, found = WhiteNoiseMiddleware.add_files_from_finders, dict[str, Any]()

    def add(self: WhiteNoiseMiddleware) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add)
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The machine's own Chromium. Playwright's synchronous interface runs an event loop in this thread, beside which
    Django would otherwise refuse to ask the database."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield browser_type_launch_args | {"executable_path": CHROMIUM, "args": ["--no-sandbox"]}
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


@pytest.fixture(autouse=True)
def noon(request: pytest.FixtureRequest) -> Any:
    """The clock stands still at NOON, except in tests marked `real_time`."""
    if request.node.get_closest_marker("real_time"):
        yield None
        return
    with clock.travelling(NOON):
        yield NOON


@pytest.fixture(autouse=True)
def fresh_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    """How the work stands is asked anew for each page: the cache would remember another test's."""
    monkeypatch.setattr("crm.web.standing.KEEP_SECONDS", 0)


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Signing in need not be slow on purpose here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def refusals_unlogged() -> Iterator[None]:
    """For whoever is refused thousands of times: a line about each, with its traceback, costs more than to refuse."""
    requests = logging.getLogger("django.request")
    before = requests.level
    requests.setLevel(logging.ERROR)
    yield
    requests.setLevel(before)


@pytest.fixture
def kept_standing(fresh_standing: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """As outside of tests: pages remember for some seconds how the work stands. For those who count queries."""
    from crm.web import standing

    monkeypatch.setattr(standing, "KEEP_SECONDS", 60)
    standing.forget()
    yield
    standing.forget()


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    def make(name: str, role: str = "manager", **fields: Any) -> User:
        return User.objects.create_user(f"{name.lower()}@example.com", "correct horse", name=name, role=role, **fields)

    return make


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    """The admin."""
    return make_user("Ada", "admin")


@pytest.fixture
def mira(make_user: Callable[..., User]) -> User:
    """An account manager who sees everything."""
    return make_user("Mira", time_zone="Europe/Berlin")


@pytest.fixture
def olaf(make_user: Callable[..., User]) -> User:
    """An account manager confined to own and unowned records: the outsider of access tests."""
    return make_user("Olaf", sees=User.Sees.OWN)


@pytest.fixture
def sam(make_user: Callable[..., User]) -> User:
    """A support agent."""
    return make_user("Sam", "agent")
