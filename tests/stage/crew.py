"""Processes of Holdfast as an operator starts them, each with its log, and what can be done to them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

type Process = subprocess.Popen[bytes]


_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Runs in the child: a test run that is killed leaves nothing behind that rings and works on for ever."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Crew:
    """Everything started here stops with `close`. `environment` is added to the one that the tests run in.

    Workers do not look through all models as they start, for a third of a second each: CI does so once for all, and so
    do the workers of the demo's tests.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.environment = folder, {"CELERY_SKIP_CHECKS": "1"} | dict(environment)
        self.processes: list[Process] = []

    def worker(self, *, concurrency: int = 2, module: str = "celery", **environment: str) -> Process:
        return self.start(
            "worker", "-m", module, "-A", "crm.config.celery", "worker", f"--concurrency={concurrency}",
            "--without-gossip", "--without-mingle", "--loglevel=warning", **environment,
        )  # fmt: skip

    def beat(self, **environment: str) -> Process:
        return self.start(
            "beat", "-m", "celery", "-A", "crm.config.celery", "beat", "--loglevel=warning", "--pidfile=",
            f"--schedule={self.folder}/schedule-{len(self.processes)}", **environment,
        )  # fmt: skip

    def start(self, name: str, *arguments: str, **environment: str) -> Process:
        """python with these arguments, as the leader of a process group of its own."""
        with open(self.folder / f"{name}-{len(self.processes)}.log", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments], env=os.environ | self.environment | environment,
                stdout=log, stderr=log, start_new_session=True, preexec_fn=die_with_parent,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def kill(self, process: Process) -> None:
        """kill -9, of the process and of its children, as a power cut does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def close(self) -> None:
        for process in self.processes:
            self.kill(process)

    def logs(self) -> str:
        """The end of every log, for a test that fails."""
        ends = (f"== {log.name}\n{log.read_text(errors='replace')[-2000:]}" for log in self.folder.glob("*.log"))
        return "\n".join(ends)


def pool(worker: Process) -> list[int]:
    """The ids of a Celery worker's pool processes, which do the work; none while it starts or when it is gone."""
    with contextlib.suppress(OSError):
        own = Path(f"/proc/{worker.pid}/cmdline").read_bytes()
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
        return [int(child) for child in children if _is_like(own, int(child))]
    return []


def _is_like(command: bytes, pid: int) -> bool:
    """Forked, not started: what billiard starts to look after semaphores does no work."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes() == command
    return False


def send_signal(pid: int, number: signal.Signals) -> bool:
    """False: there is no such process any more."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: object, seconds: float = 60, every: float = 0.05) -> bool:
    """Whether `condition()` became true in time."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


def wait_for_count(count: Callable[[], int], goal: int, still: float = 60, every: float = 0.05) -> bool:
    """Whether `count()` reached the goal. No machine is too slow but one on which nothing moves for `still` seconds."""
    seen, moved_at = count(), time.monotonic()
    while seen < goal:
        time.sleep(every)
        now = count()
        if now > seen:
            seen, moved_at = now, time.monotonic()
        elif time.monotonic() - moved_at > still:
            return False
    return True
