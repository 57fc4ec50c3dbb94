"""One slice of work: what was not tried has lost nothing, whether mail is slow, cannot leave at all, or must wait."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.checks import run_checks
from django.db import connection

from crm.accounts.models import Contact
from crm.outbox.actions import gate_closed, work
from crm.outbox.channels.email import BadEmailURL, Folder
from crm.outbox.models import MailPolicy, OutboundMessage, Sender
from crm.outbox.sending.claim import claim
from crm.outbox.sending.clear import GateClosed, clear
from crm.outbox.sending.fallen import reconcile
from crm.web import clock
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, state_of, trail


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EMAIL_URL = f"folder://{tmp_path}/mail"
    return tmp_path / "mail"


def tries_left() -> set[int]:
    return {m.attempts_limit - m.attempts for m in OutboundMessage.objects.filter(state="due")}


def states() -> dict[str, int]:
    found = list(OutboundMessage.objects.values_list("state", flat=True))
    return {state: found.count(state) for state in found}


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real clock of a slice, where each mail takes three seconds."""
    elapsed, send = [0.0], Folder.send

    def later(self: Folder, envelope: Any) -> Any:
        elapsed[0] += 3
        return send(self, envelope)

    monkeypatch.setattr(Folder, "send", later)
    monkeypatch.setattr("crm.outbox.sending.loop.time.monotonic", lambda: elapsed[0])


def test_a_slow_way_out_ends_the_slice_and_costs_the_rest_no_try(
    db: None, folder: Path, plan: Plan, slow: None
) -> None:
    for number in range(6):
        plan(factories.contact(), due_at=NOON - timedelta(minutes=number))

    assert work(NOON) == 2  # a third would end after nine seconds, and eight are allowed

    assert states() == {"sent": 2, "due": 4}
    assert tries_left() == {5}
    assert sorted(m.due_at for m in OutboundMessage.objects.filter(state="due"))[0] == NOON - timedelta(minutes=3)
    assert (work(NOON), work(NOON), work(NOON)) == (2, 2, 0)
    assert states() == {"sent": 6}


def test_a_mail_that_takes_longer_than_a_slice_is_sent_all_the_same(
    folder: Path, anna: Contact, plan: Plan, slow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.outbox.sending.loop.SLICE", 1.0)
    plan(anna)
    plan(anna)

    assert [work(NOON) for _ in range(3)] == [1, 1, 0]
    assert states() == {"sent": 2}


def test_taken_over_and_planned_messages_are_one_batch(
    db: None, folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.outbox.sending.claim.BATCH", 3)
    for _ in range(5):
        plan(factories.contact())
    OutboundMessage.objects.update(state="claimed", attempts=1, lease_until=NOON)
    for _ in range(5):
        plan(factories.contact())
    reconcile(NOON)

    taken = claim(NOON)

    assert taken is not None
    assert len(taken.claims) == 3


def test_celery_s_time_limit_ends_the_slice(
    folder: Path, anna: Contact, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Folder, envelope: Any) -> Any:
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(Folder, "send", interrupted)
    first, second = plan(anna), plan(anna)

    with pytest.raises(SoftTimeLimitExceeded):
        work(NOON)

    assert (state_of(first), state_of(second)) == ("sending", "due")
    assert tries_left() == {5}


@pytest.mark.parametrize(
    "url",
    ["smpt://host", "smtp://host:abc", "smtp://[", "nonsense", "anymail+postmrk://?server_token=x", "anymail+base://",
     "anymail+postmark://", "folder://here", "folder://"],
)  # fmt: skip
def test_a_wrong_address_of_the_way_out_costs_no_try(anna: Contact, plan: Plan, settings: Any, url: str) -> None:
    message = plan(anna)
    settings.EMAIL_URL = url

    for minute in range(8):
        with pytest.raises(BadEmailURL, match="EMAIL_URL"):
            work(NOON + timedelta(minutes=minute))

    message.refresh_from_db()
    assert (message.state, message.attempts) == ("due", 0)


@pytest.mark.parametrize(
    ("url", "ids"), [("", []), ("smtp://host", []), ("folder:///tmp/x", []), ("smpt://host", ["crm.E001"])]
)
def test_django_says_so_before_it_starts(db: None, settings: Any, url: str, ids: list[str]) -> None:
    settings.EMAIL_URL = url
    assert [found.id for found in run_checks() if found.id == "crm.E001"] == ids


@pytest.mark.django_db(transaction=True)
def test_while_somebody_holds_the_gate_nothing_is_taken_and_nobody_waits(
    folder: Path, anna: Contact, plan: Plan
) -> None:
    message = plan(anna)
    taken = claim(NOON)
    assert taken is not None
    waiting = plan(anna)
    answers: list[Any] = []

    def send() -> None:
        try:
            with clock.travelling(NOON):
                answers.append(work(NOON))
                try:
                    clear(taken.claims, NOON)
                except GateClosed as error:
                    answers.append(error)
        finally:
            connection.close()

    with gate_closed():
        sender = threading.Thread(target=send)
        began = time.monotonic()
        sender.start()
        sender.join(10)
        assert time.monotonic() - began < 5

    assert answers[0] == 0
    assert isinstance(answers[1], GateClosed)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.attempts) == ("due", 0)
    assert (state_of(message), trail(message)) == ("claimed", [])


def test_a_gate_that_closes_within_a_slice_gives_the_tries_back(
    folder: Path, anna: Contact, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    MailPolicy.the_only(locked=True)
    for _ in range(3):
        plan(anna)
    taken = claim(NOON)
    monkeypatch.setattr("crm.outbox.sending.loop.claim", lambda now, **_: taken)
    monkeypatch.setattr(MailPolicy, "shared", lambda: None)

    assert work(NOON) == 0

    assert states() == {"due": 3}
    assert tries_left() == {5}
    assert not folder.exists()


def test_a_sender_is_not_idle_over_slots_that_passed_unused(
    db: None, folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    Sender.objects.create(name="default", per_minute=2)
    for _ in range(8):
        plan(factories.contact())
    work(NOON)  # two leave, and the rest is spread over three minutes in which nobody works
    # The oldest come first; what this slice does not reach is not looked at.
    monkeypatch.setattr("crm.outbox.sending.claim.BATCH", 2)

    work(NOON + timedelta(minutes=3))

    assert states() == {"sent": 4, "due": 4}
