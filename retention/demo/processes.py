"""The demo's three processes: started in sessions of their own, watched, and stopped so that none is left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from django.conf import settings

#: Seconds that a process may take to end what it does, and that the first page may take.
GRACE = 15
PATIENCE = 60
_LOOK_EVERY = 0.1


class ProcessDied(RuntimeError):
    """One of them ended though nobody had asked it to."""


@dataclass
class Processes:
    """`environment` is what all of them get; logs go to `<folder>/logs`."""

    folder: Path
    environment: Mapping[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_web(self, port: int) -> None:
        self._start("web", {"DB_POOL": "1"}, "gunicorn", "retention.demo.wsgi", "--bind", f"127.0.0.1:{port}",
                    "--threads", "8", "--graceful-timeout", "5", "--no-control-socket")  # fmt: skip

    def start_workers(self) -> None:
        celery = ("celery", "--app", "crm.config.celery")
        self._start("worker", {"DB_STATEMENT_TIMEOUT_MS": "15000"}, *celery, "worker", "--concurrency", "2",
                    "--loglevel", "INFO", "--without-gossip", "--without-mingle")  # fmt: skip
        self._start("beat", {}, *celery, "beat", "--loglevel", "INFO")

    def _start(self, name: str, more: Mapping[str, str], module: str, *arguments: str) -> None:
        path = self.log_of(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as log:
            # A session of its own: Ctrl-C in the terminal reaches the command alone, which stops them in order.
            self.running[name] = subprocess.Popen(  # noqa: S603  (our own arguments)
                [sys.executable, "-m", module, *arguments], env={**self.environment, **more}, cwd=settings.BASE_DIR,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def log_of(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def check(self) -> None:
        """Raises ProcessDied, with where to read on."""
        for name, process in self.running.items():
            if (code := process.poll()) is not None:
                raise ProcessDied(f"The {name} process ended with code {code}. Its log is {self.log_of(name)}")

    def wait_for_page(self, port: int) -> None:
        """Until the web server answers. Raises ProcessDied."""
        until = time.monotonic() + PATIENCE
        while not _answers(port):
            self.check()
            if time.monotonic() > until:
                raise ProcessDied(f"No page came within {PATIENCE} seconds. The log is {self.log_of('web')}")
            time.sleep(_LOOK_EVERY)

    def stop(self) -> None:
        """Bells first, then who works on them, then the pages; who does not end in time is killed."""
        order = [self.running.pop(name) for name in ("beat", "worker", "web") if name in self.running]
        for process in order:
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + GRACE
        for process in order:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, until - time.monotonic()))
            # The group outlives its leader if that was killed from outside.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(port: int) -> bool:
    page = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        page.request("GET", "/healthz")
        return page.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        page.close()
