"""A slice of letters on its way out: leases, the cap, the night, and what does not stand any more."""

from __future__ import annotations

import time
from datetime import time as wall_time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crm import slots
from crm.accounts.models import Contact
from crm.outbox.actions import work
from crm.outbox.channels.email import Folder
from crm.outbox.models import MailPolicy, OutboundMessage, Sender
from crm.outbox.sending.clear import clear
from crm.outbox.sending.hand_over import hand_over
from crm.web import clock
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.conftest import TICK, Plan, cleared, contact, state_of, trail

# Versions of rows are told apart by the transactions that wrote them, so each write must be one of its own.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("folder")]


def test_on_a_clock_that_runs_fast_a_slice_leaves_all_the_same(
    anna: Contact, folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(10):
        plan(factories.contact())
    begun, clearings = time.monotonic(), []
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(seconds=30 * (time.monotonic() - begun)))

    def slow(*given: Any, **named: Any) -> Any:
        time.sleep(0.1)  # three seconds of the clock
        clearings.append(len(given[0]))
        return clear(*given, **named)

    monkeypatch.setattr("crm.outbox.sending.loop.clear", slow)

    assert work(NOON) == 10
    assert clearings == [10]


def test_a_slow_way_out_is_given_few_letters_at_a_time(
    folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(6):
        plan(factories.contact())
    elapsed, send, clearings = [0.0], Folder.send, []

    def later(self: Folder, envelope: Any) -> Any:
        elapsed[0] += 1.1
        return send(self, envelope)

    def counting(*given: Any, **named: Any) -> Any:
        clearings.append(len(given[0]))
        return clear(*given, **named)

    monkeypatch.setattr(Folder, "send", later)
    monkeypatch.setattr("crm.outbox.sending.loop.clear", counting)
    monkeypatch.setattr("crm.outbox.sending.loop.time.monotonic", lambda: elapsed[0])

    assert work(NOON) == 6
    assert clearings == [6, 2, 2]


def test_a_lease_that_is_over_is_no_claim(anna: Contact, plan: Plan) -> None:
    message = plan(anna)
    letter = cleared()
    OutboundMessage.objects.update(lease_until=NOON)

    assert not hand_over(letter, NOON)
    OutboundMessage.objects.update(lease_until=NOON + TICK, attempts=2)
    assert not hand_over(letter, NOON)
    assert state_of(message) == "claimed"


@pytest.mark.parametrize("night", [True, False])
def test_the_night_and_the_last_moment_come_between(anna: Contact, plan: Plan, night: bool) -> None:
    plan(anna, expires_at=None if night else NOON + TICK)
    MailPolicy.objects.update_or_create(pk=1, defaults={"quiet_from": wall_time(12, 0, 1)} if night else {})
    letter = cleared()
    begun = timedelta(seconds=1) if night else 2 * TICK

    assert not hand_over(letter, NOON + begun)
    assert hand_over(letter, NOON + begun - TICK)


def test_the_cap_is_counted_once_more_under_the_lock(anna: Contact, plan: Plan) -> None:
    other = plan(anna, key="other")
    MailPolicy.objects.update_or_create(pk=1, defaults={"cap_count": 1})
    OutboundMessage.objects.filter(pk=other.pk).update(state="cancelled")
    plan(anna)
    letter = cleared()
    OutboundMessage.objects.filter(pk=other.pk).update(state="uncertain", sending_at=NOON)

    assert not hand_over(letter, NOON)


def test_a_slice_does_not_slip_under_the_cap(folder: Path, anna: Contact, plan: Plan) -> None:
    messages = [plan(anna) for _ in range(5)]

    work(NOON)

    assert [state_of(message) for message in messages] == ["sent", "sent", "sent", "due", "due"]
    assert {trail(message)[0] for message in messages[3:]} == {("moved", "cap")}
    assert len(list(folder.iterdir())) == 3


def test_a_letter_that_cannot_be_written_takes_nobody_s_place(folder: Path, anna: Contact, plan: Plan) -> None:
    plan(anna, body="{{ 'x' | date: 1, 2, 3 }}")
    messages = [plan(anna) for _ in range(3)]

    work(NOON)

    assert [state_of(message) for message in messages] == ["sent", "sent", "sent"]


def test_other_rooms_are_asked_once_a_slice(anna: Contact, plan: Plan) -> None:
    for _ in range(3):
        plan(factories.contact())
    plan(anna)
    Contact.objects.filter(pk=anna.pk).update(email_consent="no")
    asked: list[int] = []

    def guard(messages: Any, now: Any) -> dict[int, slots.Refusal]:
        asked.append(len(messages))
        return {}

    with slots.send_guards.temporarily("test", guard):
        work(NOON)

    assert asked == [3]  # who has refused is not asked about


def test_what_does_not_stand_is_cleared_again_at_once(
    folder: Path, anna: Contact, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = plan(factories.contact()), plan(anna), plan(factories.contact())
    send = Folder.send

    def and_refuse(self: Folder, envelope: Any) -> Any:
        contact(email_consent="no")
        return send(self, envelope)

    monkeypatch.setattr(Folder, "send", and_refuse)

    assert work(NOON) == 3

    assert [state_of(message) for message in (first, second, third)] == ["sent", "skipped", "sent"]
    assert trail(second) == [("skipped", "consent")]


def test_slots_of_letters_that_did_not_leave_are_given_back(
    folder: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    Sender.objects.create(name="default", per_minute=4)
    for _ in range(4):
        plan(factories.contact())
    monkeypatch.setattr("crm.outbox.sending.loop.SLICE", -1.0)  # one a slice

    assert [work(NOON) for _ in range(5)] == [1, 1, 1, 1, 0]
    assert Sender.objects.get().used == 4


def test_a_late_message_says_what_kept_it(anna: Contact, plan: Plan) -> None:
    contact(automation_paused_until=NOON + timedelta(days=6))
    message = plan(anna, expires_at=NOON + timedelta(days=3))

    with clock.travelling(NOON):
        work(NOON)

    message.refresh_from_db()
    assert message.state == "skipped"
    assert message.reason == (
        "Too late: it was planned for 1 June 12:00 and kept back until 7 June. Automation is paused for Anna Berg."
    )
