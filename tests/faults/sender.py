"""Senders by the fork: one process that has loaded everything, and a child of it for each run of the outbox's work.

Run as `python -m tests.faults.sender`; each line on stdin is a JSON object {crash_at, email_url, slices}, each line on
stdout one of {pid} when a child begins and {pid, code} when it has ended. `slices` 0: until nothing is due.
"""

from __future__ import annotations

import json
import os
import select
import sys
from typing import Any, NoReturn

import django


def main() -> None:
    django.setup()
    # The child must find everything loaded, as Celery's do, whose parent has checked the whole project.
    from django.urls import get_resolver

    from crm.outbox.channels.email import open_channel
    from crm.outbox.rendering import render
    from crm.web import jobs  # noqa: F401

    get_resolver().url_patterns  # noqa: B018
    open_channel("smtp://localhost")
    render("{{ settings.item }}", "Hello", {})

    running: set[int] = set()
    while True:
        ready, _, _ = select.select([sys.stdin.fileno()], [], [], 0.005 if running else None)
        if ready:
            if not (line := _line()):
                return
            pid = os.fork()
            if pid == 0:
                _send(json.loads(line))
            running.add(pid)
            _tell(pid=pid)
        while running and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            running.discard(ended[0])
            _tell(pid=ended[0], code=os.waitstatus_to_exitcode(ended[1]))


def _line() -> bytes:
    """Byte by byte, so that nothing waits in a buffer that `select` does not see."""
    line = b""
    while not line.endswith(b"\n"):
        if not (byte := os.read(sys.stdin.fileno(), 1)):
            return b""
        line += byte
    return line


def _tell(**said: int) -> None:
    os.write(sys.stdout.fileno(), json.dumps(said).encode() + b"\n")


def _send(order: dict[str, Any]) -> NoReturn:
    from django.conf import settings

    from crm.outbox import actions
    from crm.web import clock
    from crm.web.jobs import until_idle

    code = 1
    try:
        settings.EMAIL_URL = order["email_url"]
        if order["crash_at"]:
            os.environ["HOLDFAST_CRASH_AT"] = order["crash_at"]
        if order["slices"]:
            for _ in range(order["slices"]):
                actions.work(clock.now())
        else:
            until_idle("outbox", actions.work)
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    os._exit(code)


if __name__ == "__main__":
    main()
