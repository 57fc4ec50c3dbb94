"""Between clearing a letter and handing it over: what has changed since stops it, what still stands lets it leave."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, transaction

from crm.accounts.models import Contact
from crm.outbox import policy, unsubscribing
from crm.outbox.actions import gate_closed, work
from crm.outbox.models import MailPolicy, OutboundMessage, Slice
from crm.outbox.sending.claim import LEASE, claim
from crm.outbox.sending.hand_over import hand_over
from crm.outbox.sending.mark import mark
from crm.outbox.sending.returning import SOON
from crm.outbox.suppressing import suppress
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, cleared, contact, elsewhere, state_of, trail

# Versions of rows are told apart by the transactions that wrote them, so each write must be one of its own.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("folder")]


def close_gate() -> None:
    with gate_closed():
        pass  # as workflows do when they are paused or switched off


CHANGES: dict[str, Callable[[], Any]] = {
    "hold": policy.hold,
    "redirect": lambda: policy.redirect_to("ops@us.example", NOON),
    "switch": lambda: policy.throw("all", "", NOON),
    "channel": lambda: policy.throw("channel:email", "", NOON),
    "a workflow": close_gate,
    "a smaller cap": lambda: MailPolicy.objects.update(cap_count=1),
    "unsubscribed": lambda: unsubscribing.unsubscribe(Contact.objects.get(email="anna@kelp.example"), NOON),
    "consent": lambda: contact(email_consent="no"),
    "paused": lambda: contact(automation_paused_until=NOON + timedelta(days=1)),
    "another address": lambda: contact(email="anna.new@kelp.example"),
    "no address": lambda: contact(email=None),
    "suppressed": lambda: suppress("Anna@kelp.example", "bounced", NOON),
    "gone": lambda: Contact.objects.filter(email="anna@kelp.example").delete(),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_what_was_cleared_before_a_change_does_not_leave(anna: Contact, plan: Plan, change: str) -> None:
    message = plan(anna)
    letter = cleared()
    CHANGES[change]()

    assert not hand_over(letter, NOON)

    assert state_of(message) == "claimed"
    assert not message.decisions.filter(verdict="sending").exists()


def test_what_still_stands_leaves(anna: Contact, plan: Plan) -> None:
    message = plan(anna)

    assert hand_over(cleared(), NOON)

    message.refresh_from_db()
    assert (message.state, message.sending_at, message.to_address) == ("sending", NOON, "anna@kelp.example")
    assert trail(message) == [("sending", "")]
    assert message.decisions.get().reason == "Nothing held it back; handed over for anna@kelp.example."


OF_THE_READER = ["unsubscribed", "consent", "paused", "no address", "suppressed"]


@pytest.mark.parametrize("change", OF_THE_READER)
def test_a_reader_who_is_being_changed_is_not_waited_for(anna: Contact, plan: Plan, change: str) -> None:
    message = plan(anna)
    letter = cleared()

    with transaction.atomic():
        CHANGES[change]()
        assert elsewhere(lambda: hand_over(letter, NOON)) == ["Held"]

    assert state_of(message) == "claimed"
    assert not hand_over(letter, NOON)


def test_a_reader_who_is_held_costs_the_message_nothing(anna: Contact, folder: Path, plan: Plan) -> None:
    message, other = plan(anna), plan(factories.contact())

    for turn in range(8):
        with transaction.atomic():
            Contact.objects.select_for_update().get(pk=anna.pk)  # as an import does
            assert elsewhere(lambda at=NOON + turn * SOON: work(at)) == [2 if turn == 0 else 1]
        message.refresh_from_db()
        assert (message.state, message.suspect, message.due_at) == ("due", False, NOON + (turn + 1) * SOON)
        assert message.attempts_limit - message.attempts == 5

    assert state_of(other) == "sent"
    work(NOON + 8 * SOON)
    assert state_of(message) == "sent"


def test_a_message_that_is_held_waits_for_its_lease_alone(anna: Contact, folder: Path, plan: Plan) -> None:
    message = plan(anna)
    taken = claim(NOON)
    assert taken is not None
    Slice.objects.update(backend_pid=0)
    with transaction.atomic():
        OutboundMessage.objects.select_for_update().get(pk=message.pk)
        assert elsewhere(lambda: work(NOON)) == [0]
    assert state_of(message) == "claimed"

    work(NOON + LEASE)

    message.refresh_from_db()
    assert (message.state, message.attempts_limit - message.attempts) == ("sent", 4)


@pytest.mark.parametrize("error", [OperationalError("canceling statement due to lock timeout"), InterfaceError("gone")])
def test_what_the_database_says_is_nobody_s_fault(
    anna: Contact, folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    message = plan(anna)

    def fails(*given: Any, **named: Any) -> Any:
        raise error

    now = NOON
    for step in ("clear", "hand_over") * 4:
        with monkeypatch.context() as broken:
            broken.setattr(f"crm.outbox.sending.loop.{step}", fails)
            work(now)
        message.refresh_from_db()
        assert (message.state, message.suspect, message.due_at) == ("due", False, now + SOON)
        assert message.attempts_limit - message.attempts == 5
        now += SOON

    work(now)
    assert state_of(message) == "sent"


def test_what_the_channel_said_is_noted_once_more(
    anna: Contact, folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    message, failed = plan(anna), []

    def fails_once(*given: Any) -> None:
        if failed:
            return mark(*given)
        failed.append(given)
        raise OperationalError("deadlock detected")

    monkeypatch.setattr("crm.outbox.sending.loop.mark", fails_once)
    work(NOON)

    assert failed
    assert trail(message) == [("sending", ""), ("sent", "")]
