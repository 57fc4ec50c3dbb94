"""Workers that die while they read a mailbox: every mail arrives, once, and the place that was reached is true."""

from __future__ import annotations

import contextlib
import itertools
import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest

from crm.inbox import actions
from crm.inbox.models import InboundPayload, MailboxPlace
from crm.tickets.models import Ticket, TicketMessage, TicketSettings
from tests.crm.inbox.test_channels import Imap
from tests.faults.world import Figures, World
from tests.stage.crew import Process, pool, send_signal, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.fault, pytest.mark.real_time]

LOOK = "crm.inbox.jobs.look"
#: Seconds after a mail's bytes have left the server within which it is being stored.
STORING = 0.02


class Mailbox(Imap):
    """A mailbox for several clients at once, who may die. `handed_out` hears of each mail before its bytes leave."""

    def __init__(self, senders: Sequence[str], handed_out: Callable[[int], None]) -> None:
        self.handed_out, self.fetched = handed_out, Counter[int]()
        super().__init__()
        # Numbers have gaps, as others delete mail.
        self.mails = {uid: _mail(uid, sender) for uid, sender in zip(itertools.count(1, 3), senders)}

    def _attend(self, client: socket.socket) -> None:
        threading.Thread(target=self._until_it_dies, args=[client], daemon=True).start()

    def _until_it_dies(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            super()._attend(client)

    def _fetched(self, uid: int, what: str) -> bytes | None:
        if "BODY" in what:
            self.fetched[uid] += 1
            self.handed_out(uid)
        return super()._fetched(uid, what)


def _mail(uid: int, sender: str) -> bytes:
    head = f"From: {sender}\r\nTo: us@crm.example\r\nSubject: Question {uid}\r\n"
    head += f"Message-ID: <{uid}@customer.example>\r\nDate: Mon, 1 Jun 2026 10:00:00 +0000\r\n"
    return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\nHow does {uid} work?\r\n".encode()


class Killer:
    """Kills every process that fetches while a mail is handed out, by turns before its bytes have left and while it
    is being stored."""

    def __init__(self, kills: int, every: int) -> None:
        self.left, self.every, self.seen, self.dice = kills, every, itertools.count(1), random.Random(7)
        self.worker: Process | None = None
        self.done = Counter[str]()

    def __call__(self, uid: int) -> None:
        if not self.left or next(self.seen) % self.every:
            return
        self.left -= 1
        if self.left % 2:
            self._kill("before")
        else:
            threading.Timer(self.dice.uniform(0, STORING), self._kill, ["storing"]).start()

    def _kill(self, when: str) -> None:
        assert self.worker
        self.done[when] += sum(send_signal(pid, signal.SIGKILL) for pid in pool(self.worker)) > 0


@contextlib.contextmanager
def reading(world: World, box: Mailbox) -> Iterator[Process]:
    """One worker of two processes, both of which look into the mailbox."""
    world.team(0)
    worker = world.crew.worker(IMAP_URL=box.url, EMAIL_URL=world.email_url(world.kind))
    try:
        assert wait_until(lambda: len(pool(worker)) == 2, 60), world.crew.logs()
        yield worker
    finally:
        world.crew.kill(worker)


def kill_while_reading(world: World, count: int, kills: int) -> None:
    figures = Figures("kill -9 while a mailbox is read")
    TicketSettings.objects.create(pk=1, addresses=["us@crm.example"])
    killer = Killer(kills, every=max(count // kills, 1))
    box = Mailbox([str(person.email) for person in world.people(count)], killer)
    end = time.monotonic() + 30 + 4 * kills
    try:
        with reading(world, box) as killer.worker, world.ringing(LOOK, every=0.05):
            while _reached() < max(box.mails):
                assert time.monotonic() < end, f"{_reached()} of {max(box.mails)}, {killer.done}\n{world.crew.logs()}"
                world.clock.skip(60)  # a mailbox is looked into every so often
                time.sleep(0.1)
    finally:
        box.close()
    figures.tell(mails=count, **killer.done, fetched_again=box.fetched.total() - count)
    assert killer.done["before"] >= kills // 3
    assert killer.done["storing"] >= kills // 3
    assert box.fetched.total() > count  # somebody died over one
    there = InboundPayload.objects.filter(source="imap")
    assert sorted(row.external_key.rpartition(":")[2] for row in there) == sorted(map(str, box.mails))
    for _ in itertools.takewhile(bool, (actions.work(world.now) for _ in range(20 * count))):
        pass
    assert set(InboundPayload.objects.values_list("state", flat=True)) == {"done"}
    assert (TicketMessage.objects.filter(kind="in").count(), Ticket.objects.count()) == (count, count)


def _reached() -> int:
    return MailboxPlace.objects.values_list("last_uid", flat=True).first() or 0


def test_workers_killed_over_a_mailbox_lose_and_double_nothing(world: World) -> None:
    kill_while_reading(world, 120, kills=8)


@pytest.mark.long
def test_a_hundred_workers_killed_over_a_mailbox(world: World) -> None:
    kill_while_reading(world, 2000, kills=100)
