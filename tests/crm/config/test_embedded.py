"""The embedded servers: shared by those who use a folder, gone with the last of them, back after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crm.config import embedded

_ASK = """
import psycopg, os, sys
from pathlib import Path
from crm.config import embedded
with embedded.servers(Path(sys.argv[1])):
    print(psycopg.connect(os.environ["DATABASE_URL"]).execute("SELECT 40 + 2").fetchone()[0])
    print((Path(sys.argv[1]) / "postgres" / "postmaster.pid").read_text().split()[0])
    if len(sys.argv) > 2:
        os.kill(os.getpid(), 9)
"""


def ask(folder: Path, *more: str) -> tuple[int, int]:
    """Start the servers in a process of its own; returns its answer and Postgres's process id."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")}
    done = subprocess.run(
        [sys.executable, "-u", "-c", _ASK, str(folder), *more],
        env=environment, capture_output=True, text=True, timeout=60, cwd=embedded.BASE_DIR,
    )  # fmt: skip
    assert done.stdout, done.stderr
    answer, pid = done.stdout.split()
    return int(answer), int(pid)


def alive(pid: int) -> bool:
    try:
        return "postgres" in Path(f"/proc/{pid}/comm").read_text() and "Z" not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.fault
def test_servers_stop_with_their_user_and_come_back_after_kills(tmp_path: Path) -> None:
    answer, pid = ask(tmp_path)
    assert answer == 42
    assert not alive(pid)

    answer, pid = ask(tmp_path, "die")  # the user is killed: the server stays, and the next user finds it
    assert alive(pid)
    assert ask(tmp_path) == (42, pid)
    assert not alive(pid)

    _, pid = ask(tmp_path, "die")
    os.kill(pid, signal.SIGKILL)  # the server is killed: its pid file points at nobody
    assert ask(tmp_path)[0] == 42
