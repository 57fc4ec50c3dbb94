"""The whole demo in processes of its own: it comes up, lets people in, goes without a trace, and keeps its data."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from django.conf import settings

from crm.config import embedded
from retention.demo import filling

pytestmark = [pytest.mark.journey, pytest.mark.real_time]

LONGEST = 180
_OF_THE_TESTS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "HOLDFAST_TESTING", "EMAIL_URL", "BASE_URL")


@pytest.fixture
def folder() -> Iterator[Path]:
    yield from _folder("new")


@pytest.fixture(scope="module")
def kept_folder() -> Iterator[Path]:
    """Told by the first test that takes it, which saves the next one the time; neither needs the other."""
    yield from _folder("kept")


def _folder(name: str) -> Iterator[Path]:
    path = embedded.data_dir() / f"demo-{os.getpid()}-{name}"
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def _demo(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    environment = {name: value for name, value in os.environ.items() if name not in _OF_THE_TESTS}
    environment["HOLDFAST_DATA_DIR"] = str(folder)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", str(port)], cwd=settings.BASE_DIR, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=_ignore_interrupts,
    )  # fmt: skip
    try:
        yield process
    finally:
        for pid in _left(folder):
            os.kill(pid, signal.SIGKILL)
        process.wait()


def _ignore_interrupts() -> None:
    """As a shell does to what it starts in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _left(folder: Path) -> dict[int, str]:
    """Processes that belong to the folder: by command line, environment or working directory, since some rename
    themselves."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            place = Path(os.readlink(entry / "cwd"))
        except OSError:
            continue
        named = str(folder).encode() in command or f"HOLDFAST_DATA_DIR={folder}\0".encode() in environment
        if named or place.is_relative_to(folder):
            found[int(entry.name)] = command.replace(b"\0", b" ").decode()
    return found


def _wait_for_page(process: subprocess.Popen[str], port: int) -> None:
    """Until the block with the logins is printed: the page answers then."""
    assert process.stdout is not None
    until = time.monotonic() + LONGEST
    for line in process.stdout:
        assert time.monotonic() < until
        if "Ctrl-C" in line:
            break
    else:
        _, errors = process.communicate()
        pytest.fail(f"The demo ended with {process.returncode}: {errors}")
    assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).text == "ok"


def _first_answer(port: int) -> tuple[int, bool]:
    """Its status as soon as there is one, and whether it says that the demo is being filled."""
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        with suppress(requests.ConnectionError):
            page = requests.get(f"http://127.0.0.1:{port}/sign-in/", timeout=20)
            return page.status_code, "Still filling the demo" in page.text and 'max="100"' in page.text
        time.sleep(0.1)
    raise AssertionError("No page came.")


def _customers_of_mira(port: int) -> str:
    base, browser = f"http://localhost:{port}", requests.Session()
    browser.get(f"{base}/sign-in/", timeout=20)
    form = {
        "login": filling.email_of("mira"), "password": filling.PASSWORD,
        "csrfmiddlewaretoken": browser.cookies["csrftoken"],
    }  # fmt: skip
    page = browser.post(f"{base}/sign-in/", form, headers={"Referer": f"{base}/sign-in/"}, timeout=20)
    assert page.url == f"{base}/"
    assert "Nordwind Logistics" in page.text
    letters = browser.get(f"{base}/demo/mail/", timeout=20)
    assert letters.status_code == 200
    return browser.get(f"{base}/accounts/", timeout=20).text


def _end(process: subprocess.Popen[str], folder: Path, how: signal.Signals) -> str:
    running = " ".join(_left(folder).values())
    assert [name for name in ("gunicorn", "celery", "postgres", "valkey") if name not in running] == []
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert _left(folder) == {}
    return errors


def test_up_in_down_and_again(kept_folder: Path, port: int) -> None:
    with _demo(kept_folder, port) as process:
        _wait_for_page(process, port)
        assert "Alfama Design" in _customers_of_mira(port)
        errors = _end(process, kept_folder, signal.SIGINT)
    assert "Telling two years of customers." in errors
    letters = sorted((kept_folder / "mail").glob("*.eml"))
    assert letters

    with _demo(kept_folder, port) as process:
        _wait_for_page(process, port)
        _customers_of_mira(port)
        errors = _end(process, kept_folder, signal.SIGTERM)
    assert "is kept" in errors
    assert "Telling" not in errors
    assert set(letters) <= set((kept_folder / "mail").glob("*.eml"))


def test_one_that_dies_stops_all(kept_folder: Path, port: int) -> None:
    with _demo(kept_folder, port) as process:
        _wait_for_page(process, port)
        (beat,) = (pid for pid, command in _left(kept_folder).items() if " beat " in command)
        os.kill(beat, signal.SIGKILL)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 1
        assert f"The beat process ended with code -9. Its log is {kept_folder}/logs/beat.log" in errors
        assert _left(kept_folder) == {}


def test_stopped_while_it_tells_leaves_nothing(folder: Path, port: int) -> None:
    with _demo(folder, port) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "Telling" in line:
                break
        assert _first_answer(port) == (503, True)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0
        assert _left(folder) == {}


def test_port_that_is_taken_starts_nothing(folder: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with _demo(folder, listener.getsockname()[1]) as process:
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 2
            assert "--port" in errors
            assert not folder.exists()
