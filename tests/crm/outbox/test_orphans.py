"""Senders that die: what they held comes back at once and whole; only what they may have died of pays for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from crm.accounts.models import Contact
from crm.outbox.actions import next_due, work
from crm.outbox.models import OutboundMessage, Slice
from crm.outbox.sending import clear as clearing
from crm.outbox.sending.claim import LEASE, claim
from crm.outbox.sending.clear import clear
from crm.outbox.sending.fallen import reconcile
from crm.outbox.sending.hand_over import hand_over
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, state_of, trail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EMAIL_URL = f"folder://{tmp_path}/mail"
    return tmp_path / "mail"


def dies(sender: Callable[[], object]) -> None:
    """Run it on a database session of its own, which then is gone."""
    sessions: list[int] = []

    def run() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                sessions.append(cursor.fetchone()[0])
            sender()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [sessions])
            if not cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("its session lives on")


def tries_left() -> set[int]:
    return {m.attempts_limit - m.attempts for m in OutboundMessage.objects.all()}


def test_what_a_dead_sender_held_comes_back_at_once(folder: Path, plan: Plan) -> None:
    messages = [plan(factories.contact()) for _ in range(3)]
    dies(lambda: claim(NOON))
    assert {state_of(message) for message in messages} == {"claimed"}

    work(NOON)

    assert {state_of(message) for message in messages} == {"sent"}
    assert not Slice.objects.exists()
    assert len(list(folder.iterdir())) == 3


def test_a_sender_that_lives_keeps_its_messages_until_its_lease_is_over(anna: Contact, plan: Plan) -> None:
    message = plan(anna)
    claim(NOON)

    work(NOON + LEASE - timedelta(microseconds=1))
    assert state_of(message) == "claimed"
    assert next_due(NOON) == NOON + LEASE
    work(NOON + LEASE)
    assert state_of(message) == "sent"


def test_deaths_cost_nobody_an_attempt_that_was_not_tried(plan: Plan) -> None:
    for _ in range(4):
        plan(factories.contact())

    for _ in range(20):
        dies(lambda: claim(NOON))
        reconcile(NOON)
        OutboundMessage.objects.update(suspect=False)  # as if it were a slice like any other

    assert tries_left() == {5}
    work(NOON)
    assert set(OutboundMessage.objects.values_list("state", flat=True)) == {"sent"}


def test_what_had_been_cleared_is_no_suspect(plan: Plan) -> None:
    for _ in range(3):
        plan(factories.contact())

    def sender() -> None:
        taken = claim(NOON)
        assert taken is not None
        clear(taken.claims, NOON, slice_id=taken.slice_id)

    dies(sender)
    reconcile(NOON)

    assert set(OutboundMessage.objects.values_list("state", "suspect")) == {("due", False)}
    assert tries_left() == {5}


def test_what_kills_its_senders_is_given_up_and_delays_nobody(folder: Path, plan: Plan) -> None:
    poison = plan(factories.contact(), due_at=NOON - timedelta(hours=1))
    others = [plan(factories.contact()) for _ in range(3)]
    dies(lambda: claim(NOON))  # while it cleared all four
    reconcile(NOON)
    assert OutboundMessage.objects.filter(suspect=True, state="due").count() == 4
    now = NOON
    for death in range(5):
        dies(lambda: claim(now, suspect=True))  # noqa: B023  (it runs at once)
        work(now)
        assert {state_of(other) for other in others} == {"sent"}
        poison.refresh_from_db()
        assert (poison.state, poison.attempts_limit - poison.attempts) == ("due", 4 - death)
        assert poison.due_at == now + timedelta(minutes=1)
        now = poison.due_at

    work(now)

    poison.refresh_from_db()
    assert poison.state == "failed"
    assert poison.reason.startswith("It was taken again and again")
    assert len(list(folder.iterdir())) == 3


def test_a_slice_that_cannot_be_cleared_is_taken_apart(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    poison, *others = [plan(factories.contact()) for _ in range(4)]
    write = clearing.write

    def broken(letter: Any) -> Any:
        if letter.message.pk == poison.pk:
            raise RuntimeError("a bug")
        return write(letter)

    monkeypatch.setattr(clearing, "write", broken)
    now = NOON
    for _ in range(6):
        work(now)
        now += timedelta(minutes=1)

    assert {state_of(other) for other in others} == {"sent"}
    poison.refresh_from_db()
    assert poison.state == "failed"
    assert poison.reason.endswith("The last time: the sender broke over it (RuntimeError: a bug).")


def test_what_a_dead_sender_was_handing_over_is_uncertain(folder: Path, plan: Plan) -> None:
    leaving, waiting = plan(factories.contact()), plan(factories.contact())

    def sender() -> None:
        taken = claim(NOON)
        assert taken is not None
        hand_over(clear(taken.claims, NOON, slice_id=taken.slice_id).letters[0], NOON)

    dies(sender)

    assert work(NOON) == 2
    assert (state_of(leaving), state_of(waiting)) == ("uncertain", "sent")
    assert trail(leaving) == [("sending", ""), ("uncertain", "")]
    assert len(list(folder.iterdir())) == 1


def test_a_sender_taken_for_dead_too_early_sends_nothing_twice(folder: Path, anna: Contact, plan: Plan) -> None:
    message = plan(anna)
    taken = claim(NOON)
    assert taken is not None
    (letter,) = clear(taken.claims, NOON, slice_id=taken.slice_id).letters
    Slice.objects.update(backend_pid=0)

    work(NOON)
    assert state_of(message) == "sent"

    assert not hand_over(letter, NOON)
    assert len(list(folder.iterdir())) == 1
