"""manage.py demo: what it refuses, before it has started or changed anything."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm.config import embedded
from crm.team.models import User
from retention.demo import doorway
from retention.management.commands import demo
from tests import factories


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def started(*args: Any) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(demo.Processes, "_start", started)
    monkeypatch.setenv("HOLDFAST_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(embedded, "started", {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"})


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _refusal(**options: Any) -> CommandError:
    with pytest.raises(CommandError) as caught:
        call_command("demo", **options)
    assert caught.value.returncode == 2
    return caught.value


@pytest.mark.parametrize("foreign", ["DATABASE_URL", "REDIS_URL"])
def test_foreign_servers(db: None, foreign: str, free_port: int) -> None:
    embedded.started.remove(foreign)
    assert foreign in str(_refusal(port=free_port))
    assert not User.objects.exists()


def test_port_that_is_taken(taken_port: int) -> None:
    error = str(_refusal(port=taken_port))
    assert f"Port {taken_port} cannot be used" in error
    assert f"--port {taken_port + 1}" in error


def test_records_that_are_somebodys(db: None, tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    factories.account()
    monkeypatch.setattr(demo.connection, "close", lambda: None)
    monkeypatch.setattr(demo.signal, "signal", lambda *args: None)
    monkeypatch.setattr(demo, "_environment", lambda folder, port: {})
    assert "records that are not the demo's" in str(_refusal(port=free_port))
    assert not User.objects.exists()


def test_port_is_read_as_argparse_reads_it(free_port: int) -> None:
    assert doorway.chosen_port([]) == 8000
    assert doorway.chosen_port(["--port", "8001"]) == 8001
    assert doorway.chosen_port(["--port=8002", "--traceback"]) == 8002
    assert doorway.chosen_port(["--port", "many"]) is None
    assert doorway.chosen_port(["--port"]) is None
    assert doorway.chosen_port(["--port=70000"]) is None
    assert doorway.taken(free_port) == ""


def test_nobody_is_sent_to_the_pages_while_work_stands_still(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    alarms = [True, True, False]
    monkeypatch.setattr(demo.standing, "read", lambda now: SimpleNamespace(alarming=alarms.pop(0)))
    monkeypatch.setattr(demo, "_LOOK_EVERY", 0)
    looked: list[bool] = []

    demo.Command()._catch_up(SimpleNamespace(check=lambda: looked.append(True)))

    assert alarms == []
    assert len(looked) == 2


def test_but_not_for_ever(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.standing, "read", lambda now: SimpleNamespace(alarming=True))
    monkeypatch.setattr(demo, "_CATCH_UP", 0)

    demo.Command()._catch_up(SimpleNamespace(check=lambda: None))
