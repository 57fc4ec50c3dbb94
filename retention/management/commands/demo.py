"""manage.py demo: everything in one terminal, on servers and data of its own."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from crm.config import embedded
from crm.web import clock, garbage, standing
from retention.demo import doorway, filling, seeding
from retention.demo.processes import ProcessDied, Processes
from retention.demo.waiting import Progress

_LOOK_EVERY = 0.5
#: Seconds in which workers may catch up with what fell due while nobody worked, before anybody is sent to the pages.
_CATCH_UP = 15


class Command(BaseCommand):
    help = (
        "Runs Holdfast with two years of demo data: web server, worker and beat on embedded Postgres and Valkey, until "
        "Ctrl-C. Its mail goes to a folder, shown at /demo/mail/. Exit codes: 0 stopped by you, 1 a process died, "
        "2 refused and nothing changed."
    )
    requires_system_checks = ()  # they cost a second; the test suite runs them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=doorway.PORT, help=f"of the pages (default {doorway.PORT})")

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        self._refuse_foreign_servers()
        if reason := doorway.taken(port):
            raise CommandError(reason, returncode=2)
        folder = embedded.data_dir()
        with self._alone(folder):
            # Being asked to end is the same as Ctrl-C; shells let what they start in the background ignore both.
            for asked in (signal.SIGINT, signal.SIGTERM):
                signal.signal(asked, signal.default_int_handler)
            processes, progress = Processes(folder, _environment(folder, port)), Progress(folder)
            try:
                self._run(processes, progress, folder, port)
            except ProcessDied as error:
                raise CommandError(f"{error}. Everything was stopped.", returncode=1) from error
            except KeyboardInterrupt:
                _once_is_enough()
                self.stderr.write("Stopping.")
            finally:
                _once_is_enough()
                connection.close()
                processes.stop()
                progress.over()

    def _refuse_foreign_servers(self) -> None:
        """Demo data, and mail that goes nowhere, must never meet the records of a real installation."""
        for name in ("DATABASE_URL", "REDIS_URL"):
            if name not in embedded.started:
                raise CommandError(
                    f"The demo only runs on its own embedded servers, but {name} is set, in the environment or in "
                    f".env. Nothing was changed. Unset it to start the demo: env -u {name} uv run manage.py demo",
                    returncode=2,
                )

    @contextmanager
    def _alone(self, folder: Path) -> Iterator[None]:
        with (folder / "demo.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise CommandError(
                    f"A demo on {folder} runs already. For another one beside it, choose a folder and a port: "
                    "HOLDFAST_DATA_DIR=FOLDER uv run manage.py demo --port 8001",
                    returncode=2,
                ) from error
            yield

    def _run(self, processes: Processes, progress: Progress, folder: Path, port: int) -> None:
        began = time.monotonic()
        if seeding.is_somebodys():
            raise CommandError(
                f"{folder} holds records that are not the demo's. Nothing was changed. Choose another folder: "
                "HOLDFAST_DATA_DIR=FOLDER uv run manage.py demo",
                returncode=2,
            )
        progress.say(0)
        processes.start_web(port)  # its libraries load while the database is filled
        self.stderr.write("Preparing the database.")
        garbage.look_seldom()  # migrations make classes by the thousand
        call_command("migrate", verbosity=0, skip_checks=True)
        self._fill(folder, progress)
        progress.over()
        processes.start_workers()
        processes.wait_for_page(port)
        self._catch_up(processes)
        self._welcome(folder, time.monotonic() - began)
        connection.close()
        while True:
            processes.check()
            time.sleep(_LOOK_EVERY)

    def _catch_up(self, processes: Processes) -> None:
        """The first page need not say that work stands still, when it has only just begun to move."""
        until = time.monotonic() + _CATCH_UP
        while standing.read(clock.now()).alarming and time.monotonic() < until:
            processes.check()
            time.sleep(_LOOK_EVERY)

    def _fill(self, folder: Path, progress: Progress) -> None:
        if not seeding.told_at():
            self.stderr.write("Telling two years of customers.")
        if not seeding.fill(clock.now(), folder / "mail", progress.say):
            self.stderr.write(f"The data of {seeding.told_at():%-d %B %Y} is kept. To begin anew, delete {folder}.")

    def _welcome(self, folder: Path, seconds: float) -> None:
        lines = [f"Holdfast is ready at {settings.BASE_URL}", ""]
        lines += [
            f"  {role:<8} {filling.email_of(key):<24} {filling.PASSWORD}"
            for key, role in (("ada", "admin"), ("mira", "manager"), ("sam", "agent"))
        ]
        lines += [
            "",
            f"Mail    {settings.BASE_URL}/demo/mail/ (nothing leaves this machine)",
            f"Data    {folder}",
            f"Logs    {folder / 'logs'}",
            "Ctrl-C  stops everything and keeps the data.",
        ]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()
        self.stderr.write(f"Started in {seconds:.1f} s.")


def _environment(folder: Path, port: int) -> dict[str, str]:
    """What the processes get; this one takes the same settings, since it tells the story with them."""
    settings.EMAIL_URL = (folder / "mail").resolve().as_uri().replace("file://", "folder://")
    settings.BASE_URL = f"http://localhost:{port}"
    settings.WEBHOOKS_PLAIN_HTTP = True
    return os.environ | {
        "EMAIL_URL": settings.EMAIL_URL,
        "BASE_URL": settings.BASE_URL,
        "HOLDFAST_DEMO": "1",
        "OUTGOING_ALLOW": "localhost",  # its webhooks go to itself
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
    }


def _once_is_enough() -> None:
    """Whoever presses Ctrl-C again while the processes end must not leave any behind. From here it is not long."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
