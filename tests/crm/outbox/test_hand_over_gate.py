"""The gate in front of the policy: who waits for whom when somebody flips a switch while mail leaves."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from crm.accounts.models import Contact
from crm.outbox import policy
from crm.outbox.actions import gate_closed
from crm.outbox.models import MailPolicy
from crm.outbox.sending.clear import GateClosed
from crm.outbox.sending.hand_over import FRESH, hand_over
from tests.conftest import NOON
from tests.crm.outbox.conftest import TICK, Plan, cleared, elsewhere, state_of

# Versions of rows are told apart by the transactions that wrote them, so each write must be one of its own.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("folder")]


def test_a_switch_waits_for_nobody_but_senders(anna: Contact, folder: Path, plan: Plan) -> None:
    message = plan(anna)
    letter = cleared()
    with transaction.atomic():
        Contact.objects.select_for_update().get(pk=anna.pk)
        assert elsewhere(lambda: hand_over(letter, NOON)) == ["Held"]
        assert elsewhere(lambda: policy.throw("all", "", NOON)) == [None]

    assert not hand_over(letter, NOON)
    assert state_of(message) == "claimed"


def test_nobody_goes_through_the_gate_while_somebody_waits_to_close_it(anna: Contact, plan: Plan) -> None:
    plan(anna)
    letter = cleared()
    closer = threading.Thread(target=lambda: elsewhere(lambda: policy.throw("all", "", NOON)))
    with transaction.atomic():
        assert MailPolicy.shared() is not None
        closer.start()
        wait_for_a_waiter()
        assert elsewhere(MailPolicy.shared) == [None]
        assert elsewhere(lambda: hand_over(letter, NOON)) == ["GateClosed"]
    closer.join(10)

    assert not hand_over(letter, NOON)


def wait_for_a_waiter() -> None:
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_nothing_is_handed_over_while_the_gate_is_held(anna: Contact, plan: Plan) -> None:
    message = plan(anna)
    letter = cleared()
    answers: list[Any] = []

    def run() -> None:
        try:
            hand_over(letter, NOON)
        except GateClosed as error:
            answers.append(error)
        finally:
            connection.close()

    with gate_closed():
        sender = threading.Thread(target=run)
        sender.start()
        sender.join(10)

    assert len(answers) == 1
    assert state_of(message) == "claimed"


@pytest.mark.parametrize(("seconds", "leaves"), [(FRESH, True), (FRESH + 0.001, False)])
def test_a_clearing_is_good_for_a_moment(
    anna: Contact, plan: Plan, monkeypatch: pytest.MonkeyPatch, seconds: float, leaves: bool
) -> None:
    plan(anna)
    letter = cleared()
    letter.cleared_at = 0.0
    monkeypatch.setattr("crm.outbox.sending.hand_over.time.monotonic", lambda: seconds)
    assert hand_over(letter, NOON) is leaves


def test_nothing_leaves_before_it_was_cleared(anna: Contact, plan: Plan) -> None:
    plan(anna)
    assert not hand_over(cleared(), NOON - TICK)
