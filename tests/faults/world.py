"""One world for all fault tests: servers, receiver, workers and a clock of their own, and what plans mail in it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from datetime import time as day_time
from pathlib import Path
from typing import Any

import psycopg
from celery import Celery
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from kombu.exceptions import OperationalError

from crm.accounts.models import Account, Contact
from crm.ledger.actions import project
from crm.ledger.models import Contract, ContractTerm
from crm.outbox import actions as outbox
from crm.outbox.models import MailPolicy, Sender
from tests.faults import checker
from tests.faults.checker import item_of
from tests.faults.servers import Postgres, Valkey
from tests.stage import ClockFile, Crew
from tests.stage.crew import Process, pool, wait_until

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
OUTBOX, WORKFLOWS, LEDGER = "crm.outbox.jobs.work", "retention.workflows.jobs.work", "crm.ledger.jobs.work"


class World:
    """Made once a session; `fresh` empties it for the next test."""

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        self.folder, self.postgres = folder, postgres
        self.valkey = Valkey(folder)
        self.clock = ClockFile(folder / "clock", START)
        self.crew = Crew(folder, {
            "DATABASE_URL": postgres.url, "REDIS_URL": self.valkey.url, "HOLDFAST_CLOCK_FILE": str(self.clock.path),
            "BEAT_SECONDS": "1", "DJANGO_SETTINGS_MODULE": "crm.config.settings",
        })  # fmt: skip
        self.receiver = self.crew.start("receiver", "-m", "tests.faults.receiver", str(folder))
        assert wait_until((folder / "ports").exists, 10), self.crew.logs()
        self.ports = json.loads((folder / "ports").read_text())
        self.farm = Farm(self.crew)
        self._numbers = itertools.count(1)
        self._last_taken = (0, 0.0)
        self._beats: list[Process] = []
        self._teams: dict[str, list[Process]] = {}
        self._bells = Celery("bells", broker=self.valkey.url)
        self._bells.conf.update(settings.CELERY | {"broker_url": self.valkey.url})

    def close(self) -> None:
        self.farm.close()
        self.crew.close()
        self.valkey.kill()

    @property
    def now(self) -> datetime:
        return self.clock.now

    def email_url(self, kind: str) -> str:
        """`smtp` or `test`: plain SMTP, or the ESP with idempotency keys."""
        return f"{'smtp' if kind == 'smtp' else 'test+http'}://127.0.0.1:{self.ports[kind.replace('test', 'http')]}"

    def fresh(self, kind: str = "smtp") -> None:
        """Nobody and nothing there, mail live and without limits, the clock at START."""
        self.slow(0)
        while self._beats:
            self.crew.kill(self._beats.pop())
        self.calm()
        self.valkey.client.flushall()
        self.clock.set(START)
        self.kind = kind
        settings.EMAIL_URL = self.email_url(kind)
        assert wait_until(self._emptied, 30)
        os.truncate(self.folder / "taken.jsonl", 0)

    def _emptied(self) -> bool:
        """False: a worker that still looked for work stood in the way."""
        try:
            with transaction.atomic():  # else such a worker would make a policy of its own
                self.postgres.empty()
                MailPolicy.objects.create(
                    pk=1, mode="live", went_live_at=START, cap_count=1000, quiet_from=day_time(0), quiet_to=day_time(0)
                )
                Sender.objects.create(name=Sender.DEFAULT, per_minute=10_000_000)
        except (DatabaseError, psycopg.Error):
            return False
        return True

    def calm(self) -> None:
        """Wait until no worker holds a transaction on what the last test left."""
        with connection.cursor() as cursor:

            def is_quiet() -> bool:
                cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                               " AND pid <> pg_backend_pid() AND state <> 'idle'")  # fmt: skip
                return not cursor.fetchone()[0]

            assert wait_until(is_quiet, 30), self.crew.logs()

    def slow(self, seconds: float) -> None:
        """How long the receiver takes for each answer."""
        (self.folder / "delay").write_text(str(seconds))

    # Mail ---------------------------------------------------------------------------------------------------------

    def people(self, count: int, mood: str = "") -> list[Contact]:
        """Contacts, each of an account of its own."""
        numbers = [next(self._numbers) for _ in range(count)]
        accounts = Account.objects.bulk_create([Account(name=f"Account {n}", created_at=START) for n in numbers])
        addresses = [f"{mood + '.' if mood else ''}reader{n}@customer.example" for n in numbers]
        return Contact.objects.bulk_create(
            Contact(account=account, first_name=f"Anna{n}", email=address, is_primary=True)
            for account, n, address in zip(accounts, numbers, addresses, strict=True)
        )

    def plan(self, people: list[Contact], each: int = 1, **fields: Any) -> list[str]:
        """`each` mails due now for everybody; returns what the checker calls them, in the order they are due."""
        template_id = outbox.template("{{ settings.item }}", "Hello {{ contact.first_name }}")
        drafts, items = [], []
        for contact in [contact for _ in range(each) for contact in people]:
            name = f"item-{next(self._numbers)}"
            drafts.append(outbox.Draft(
                name, fields.get("category", "service"), template_id, self.now, account_id=contact.account_id,
                contact_id=contact.pk, facts={"settings": {"item": name}},
            ))  # fmt: skip
            items.append(item_of(contact.email, name))
        outbox.enqueue(drafts, now=self.now)
        return items

    def check(self, planned: list[str], *excused: str) -> checker.Findings:
        return checker.check(planned, self.folder, self.now, excused=frozenset(excused))

    def taken(self) -> int:
        """How many mails the receiver has taken, repeats included."""
        with open(self.folder / "taken.jsonl", "rb") as log:
            return sum(1 for _ in log)

    def log(self) -> list[dict[str, Any]]:
        return checker.read_log(self.folder)

    def states(self) -> dict[str, int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT state, count(*) FROM crm_outboundmessage GROUP BY state")
            return dict(cursor.fetchall())

    def unsettled(self) -> int:
        states = self.states()
        return sum(states.get(state, 0) for state in ("due", "claimed", "sending"))

    def customers(self, count: int) -> list[str]:
        """Customers whose contracts begin today, and the mails of the onboarding on days 1, 3 and 7, by hand."""
        people = self.people(count)
        for contact in people:
            contract = Contract(account_id=contact.account_id, plan="Pro", currency="EUR")
            contract.save()
            ContractTerm.objects.create(contract=contract, starts_on=self.now.date(), mrr=100)
        project([contact.account_id for contact in people], self.now)
        subjects = ("Welcome, {}. Here is your first step", "How others got there", "How was your first week?")
        return [item_of(c.email, subject.format(c.first_name)) for subject in subjects for c in people]

    def hasten(self) -> None:
        """When nothing has been taken for a while, what is left waits for a lease or a second try: let that be over."""
        now, taken = time.monotonic(), self.taken()
        if taken != self._last_taken[0]:
            self._last_taken = (taken, now)
        elif now - self._last_taken[1] > 1.5:
            self._last_taken = (taken, now)
            self.clock.skip(31)

    def settled(self, seconds: float = 60) -> bool:
        """Whether nothing is due or leaving any more within that time."""

        def is_settled() -> bool:
            self.hasten()
            return not self.unsettled()

        return wait_until(is_settled, seconds)

    # Workers and bells ------------------------------------------------------------------------------------------------

    def team(self, count: int, kind: str | None = None) -> list[Process]:
        """`count` living Celery workers of two processes each, for this way out; those of an earlier test go on."""
        kind = kind or self.kind
        team = self._teams.setdefault(kind, [])
        team[:] = [worker for worker in team if worker.poll() is None]
        while len(team) < count:
            team.append(self.crew.worker(EMAIL_URL=self.email_url(kind)))
        for other, workers in self._teams.items():
            if other != kind:  # they hear the same bells and would use another way out
                while workers:
                    self.crew.kill(workers.pop())
        for worker in team[count:]:
            self.crew.kill(worker)
        del team[count:]
        assert wait_until(lambda: all(len(pool(worker)) == 2 for worker in team), 60), self.crew.logs()
        return team

    def poisoned_team(self) -> Process:
        """One worker that some texts kill, alone: see tests.faults.poisoned."""
        self.team(0)
        worker = self.crew.worker(module="tests.faults.poisoned", EMAIL_URL=self.email_url(self.kind))
        assert wait_until(lambda: len(pool(worker)) == 2, 60), self.crew.logs()
        return worker

    def beats(self, count: int) -> list[Process]:
        """So many real beats, until the end of the test."""
        self._beats += [self.crew.beat(EMAIL_URL=self.email_url(self.kind)) for _ in range(count)]
        return self._beats

    def ring(self, *bells: str) -> None:
        """Beat's bells; silence when the broker is away."""
        for bell in bells or (OUTBOX,):
            with contextlib.suppress(OperationalError, OSError):
                self._bells.send_task(bell, expires=5, retry=False)

    @contextlib.contextmanager
    def ringing(self, *bells: str, every: float = 0.1) -> Iterator[None]:
        over = threading.Event()

        def ring() -> None:
            while not over.wait(every):
                self.ring(*bells)

        ringer = threading.Thread(target=ring, daemon=True)
        ringer.start()
        try:
            yield
        finally:
            over.set()
            ringer.join()


class Farm:
    """The parent of senders: see tests.faults.sender."""

    def __init__(self, crew: Crew) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sender"], env=os.environ | crew.environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(crew.folder / "farm.log", "wb"),  # noqa: SIM115
            start_new_session=True, text=True,
        )  # fmt: skip
        self._codes: dict[int, int] = {}

    def close(self) -> None:
        self.process.kill()
        self.process.wait()

    def begin(self, crash_at: str = "", slices: int = 0) -> int:
        """A sender in a process of its own, which dies at that point if one is named. Returns its id."""
        order = {"crash_at": crash_at, "slices": slices, "email_url": settings.EMAIL_URL}
        assert self.process.stdin
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        while "code" in (said := self._hear()):
            self._codes[said["pid"]] = said["code"]
        return said["pid"]

    def end(self, pid: int) -> int:
        """Wait for a sender; returns its exit code, below zero for a signal."""
        while pid not in self._codes:
            said = self._hear()
            self._codes[said["pid"]] = said["code"]
        return self._codes.pop(pid)

    def send(self, crash_at: str = "", slices: int = 0) -> int:
        return self.end(self.begin(crash_at, slices))

    def _hear(self) -> dict[str, int]:
        assert self.process.stdout
        heard: dict[str, int] = json.loads(self.process.stdout.readline())
        return heard


class Figures:
    """What a run came to, printed, and kept as a line of JSON in the file that HOLDFAST_FIGURES names."""

    def __init__(self, name: str) -> None:
        self.name, self.began = name, time.monotonic()

    def tell(self, **figures: Any) -> None:
        line = {"name": self.name, "seconds": round(time.monotonic() - self.began, 1)} | figures
        sys.stderr.write("\n" + "  ".join(f"{name} {value}" for name, value in line.items()) + "\n")
        if path := os.environ.get("HOLDFAST_FIGURES"):
            with open(path, "a") as file:
                file.write(json.dumps(line) + "\n")
