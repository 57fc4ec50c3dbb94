"""Senders, switches and readers all at once, on a real Postgres: what was forbidden never leaves after the commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from crm.accounts.models import Contact
from crm.outbox import policy, unsubscribing
from crm.outbox.actions import gate_closed, work
from crm.outbox.channels.email import Folder
from crm.outbox.models import OutboundMessage, Sender
from crm.outbox.sending.claim import LEASE, Claim, claim
from crm.outbox.sending.clear import clear
from crm.outbox.sending.hand_over import hand_over
from crm.outbox.sending.returning import SOON, tried
from crm.web import clock
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, state_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EMAIL_URL = f"folder://{tmp_path}/mail"
    return tmp_path / "mail"


def together(*jobs: Callable[[], object]) -> None:
    """Run all at once, each in a thread with its own connection; an error in one fails the test."""
    errors: list[BaseException] = []
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        try:
            with clock.travelling(NOON):
                start.wait()
                job()
        except BaseException as error:  # shown below, in the test's own thread
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors


def until_idle() -> None:
    while work(NOON):
        pass


def in_the_end() -> None:
    """What was put off, as another sender held it or its reader, gets its turn; held itself, it waits for its lease.

    A claim that comes a moment too late locks, until it commits, rows that are another's by then, and leaves them out.
    """
    while OutboundMessage.objects.filter(state="due", due_at__lte=NOON + SOON).exists():
        work(NOON + SOON)
    while OutboundMessage.objects.filter(state="claimed").exists():
        work(NOON + SOON + 2 * LEASE)


def test_eight_senders_send_each_message_once(folder: Path, plan: Plan) -> None:
    Sender.objects.create(name="default", per_minute=10_000)
    messages = [plan(factories.contact(), category="transactional") for _ in range(80)]

    together(*[until_idle] * 8)
    in_the_end()

    assert {state_of(message) for message in messages} == {"sent"}
    assert {tried(message) for message in OutboundMessage.objects.all()} == {1}
    assert len(list(folder.iterdir())) == 80


def test_eight_senders_keep_the_cap(folder: Path, anna: Contact, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    # Small batches, so that every sender holds some of them at the same time.
    monkeypatch.setattr("crm.outbox.sending.claim.BATCH", 2)
    for _ in range(40):
        plan(anna)

    together(*[until_idle] * 8)
    in_the_end()

    assert OutboundMessage.objects.filter(state="sent").count() == 3
    assert OutboundMessage.objects.filter(state="due", guard="cap").count() == 37
    assert len(list(folder.iterdir())) == 3


def slow(monkeypatch: pytest.MonkeyPatch, seconds: float = 0.005) -> None:
    send = Folder.send

    def later(self: Folder, envelope: Any) -> Any:
        time.sleep(seconds)
        return send(self, envelope)

    monkeypatch.setattr(Folder, "send", later)


def leaving_ids() -> set[int]:
    return set(OutboundMessage.objects.filter(sending_at__isnull=False).values_list("id", flat=True))


def test_a_switch_that_is_thrown_stops_what_is_claimed(
    folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(monkeypatch)
    Sender.objects.create(name="default", per_minute=10_000)
    for _ in range(200):
        plan(factories.contact(), category="transactional")
    at_the_flip: list[set[int]] = []

    def flip() -> None:
        while not leaving_ids():
            time.sleep(0.005)
        with gate_closed():
            policy.throw("all", "wrong text", NOON)
            at_the_flip.append(leaving_ids())

    together(flip, *[until_idle] * 3)

    assert 0 < len(at_the_flip[0]) < 200
    assert leaving_ids() == at_the_flip[0]
    assert OutboundMessage.objects.filter(state="due").count() == 200 - len(at_the_flip[0])


def test_nothing_leaves_after_unsubscribing(
    folder: Path, anna: Contact, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(monkeypatch)
    Sender.objects.create(name="default", per_minute=10_000)
    for _ in range(60):
        plan(anna)
    policy.MailPolicy.the_only()
    policy.MailPolicy.objects.update(cap_count=1000)
    at_the_click: list[set[int]] = []

    def click() -> None:
        while not leaving_ids():
            time.sleep(0.005)
        with transaction.atomic():
            unsubscribing.unsubscribe(anna, NOON)
            at_the_click.append(leaving_ids())

    together(click, *[until_idle] * 3)
    in_the_end()

    assert 0 < len(at_the_click[0]) < 60
    assert leaving_ids() == at_the_click[0]
    assert OutboundMessage.objects.filter(state="skipped", guard="consent").count() == 60 - len(at_the_click[0])


def test_a_sender_that_slept_past_its_lease_sends_nothing(folder: Path, anna: Contact, plan: Plan) -> None:
    message = plan(anna)
    taken = claim(NOON)
    assert taken is not None
    (letter,) = clear(taken.claims, NOON).letters
    later = NOON + 2 * clock.MINUTE

    assert not clear(taken.claims, later).letters  # its lease is over
    work(later)
    assert state_of(message) == "sent"
    assert not clear(taken.claims, NOON).letters  # and another was there
    assert not clear([Claim(message.pk, 2)], NOON).letters  # sent is sent
    assert not hand_over(letter, NOON)
    assert len(list(folder.iterdir())) == 1
