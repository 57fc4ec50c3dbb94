"""The stage of the journeys: a test clock in a file, real Celery processes, and a real SMTP server that remembers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from django.conf import settings
from django.db import connection

from crm import slots
from crm.config.celery import app
from crm.web import clock
from tests.stage import ClockFile, Crew
from tests.stage.crew import Process

#: Which bell to ring for what waits, the first that fits: the ledger decides who is a customer, and mail comes last.
BELLS = {"ledger": "crm.ledger.jobs.work"} | dict.fromkeys(
    ("facts", "sweeps", "enrollments"), "retention.workflows.jobs.work"
) | dict.fromkeys(("messages", "leaving"), "crm.outbox.jobs.work")  # fmt: skip


@dataclass
class Letter:
    """A mail as the SMTP server took it, with the time on the test clock."""

    to: str
    at: datetime
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])


@dataclass
class Postman:
    """A real SMTP server that takes everything."""

    clock_file: Path
    letters: list[Letter] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.original_content, policy=policy.default)
        at = clock.parse(self.clock_file.read_text().strip())
        self.letters += [Letter(to, at, message) for to in envelope.rcpt_tos]  # type: ignore[arg-type]
        return "250 taken"


class AnyPort(Controller):
    """An SMTP server on whichever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


class Stage:
    """Celery workers and beats in processes of their own, all on one test clock and on the test's database."""

    def __init__(self, folder: Path, start: datetime) -> None:
        self.folder = folder
        self.clock = ClockFile(folder / "clock", start)
        self.postman = Postman(self.clock.path)
        self.smtp = AnyPort(self.postman, hostname="127.0.0.1", port=0)
        self.smtp.start()
        database = os.environ["DATABASE_URL"].replace("/postgres?", f"/{settings.DATABASES['default']['NAME']}?")
        environment = {"DATABASE_URL": database, "HOLDFAST_CLOCK_FILE": str(self.clock.path), "BEAT_SECONDS": "1"}
        self.crew = Crew(folder, environment | {"EMAIL_URL": self.email_url})
        #: Where workers are killed, what they held is given up after so many seconds: it comes back with its lease.
        self.patience = float("inf")
        self._rung, self._rung_at = ("", start), 0.0
        self.mischief: Callable[[], None] = lambda: None  # called again and again while there is work

    @property
    def email_url(self) -> str:
        return f"smtp://127.0.0.1:{self.smtp.port}"

    def set_clock(self, moment: datetime) -> None:
        self.clock.set(moment)

    @property
    def now(self) -> datetime:
        return self.clock.now

    def worker(self) -> Process:
        return self.crew.worker()

    def beat(self) -> Process:
        return self.crew.beat()

    def kill(self, process: Process) -> None:
        self.crew.kill(process)

    def close(self) -> None:
        self.crew.close()
        self.smtp.stop()

    def walk(self, until: datetime, stops: int = 5_000) -> None:
        """Let the clock jump from one moment at which something is due to the next, as the workers do it.

        Raises AssertionError after so many moments: something stays due, or makes itself due again, for ever.
        """
        for _ in range(stops):
            self.drain()
            coming = [work.next_due(self.now) for work in slots.work]
            following = min((moment for moment in coming if moment and moment <= until), default=None)
            if following is None:
                self.set_clock(until)
                self.drain()
                return
            self.set_clock(max(following, self.now + timedelta(seconds=1)))
        raise AssertionError(f"After {stops} moments still at {self.now}: {coming}\n{self.crew.logs()}")

    def drain(self, seconds: float = 60) -> None:
        """Wait until the workers have done all that is due. Raises AssertionError after `seconds`."""
        began, pause = time.monotonic(), 0.01
        while waiting := self._waiting():
            if set(waiting) == {"leaving"} and time.monotonic() - began > self.patience:
                return  # whoever held these was killed: they come back when the clock has passed their lease
            self.mischief()
            self._ring(next(bell for kind, bell in BELLS.items() if kind in waiting))
            if time.monotonic() - began > seconds:
                raise AssertionError(f"Still waiting at {self.now}: {waiting}\n{self.crew.logs()}")
            time.sleep(pause)
            pause = min(2 * pause, 0.05)

    def _ring(self, task: str) -> None:
        """Beat rings too, but not at once. One bell at a time is enough for a worker that is awake."""
        if (task, self.now) != self._rung or time.monotonic() - self._rung_at > 0.5:
            self._rung, self._rung_at = (task, self.now), time.monotonic()
            app.send_task(task, expires=5)

    def _waiting(self) -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute(_WAITING, {"now": self.now})
            names = [column.name for column in cursor.description or ()]
            counts = dict(zip(names, cursor.fetchone(), strict=True))
        return {name: count for name, count in counts.items() if count}


_WAITING = """
    SELECT
        (SELECT count(*) FROM (VALUES (1)) AS day WHERE NOT EXISTS (SELECT FROM crm_pulse
            WHERE name = 'ledger.projection' AND ran_at >= date_trunc('day', %(now)s::timestamptz, 'UTC'))) AS ledger,
        (SELECT count(*) FROM crm_pending WHERE parked_at IS NULL AND coalesce(retry_at, %(now)s) <= %(now)s) AS facts,
        (SELECT count(*) FROM retention_workflow w JOIN retention_workflowversion v ON v.id = w.version_id
            WHERE w.state = 'on' AND w.swept_until <= %(now)s - interval '1 minute'
            AND v.definition #>> '{trigger,when}' <> 'fact') AS sweeps,
        (SELECT count(*) FROM retention_enrollment WHERE state = 'active' AND due_at <= %(now)s) AS enrollments,
        (SELECT count(*) FROM crm_outboundmessage WHERE state = 'due' AND due_at <= %(now)s) AS messages,
        (SELECT count(*) FROM crm_outboundmessage WHERE state IN ('claimed', 'sending') AND lease_until > %(now)s)
            AS leaving
"""
