"""Between clearing and handing over: what no longer stands is cleared again, and nothing leaves that was forbidden."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import time as wall_time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction

from crm import slots
from crm.accounts.models import Contact
from crm.outbox import policy, unsubscribing
from crm.outbox.actions import gate_closed, work
from crm.outbox.channels.email import Folder
from crm.outbox.models import MailPolicy, OutboundMessage, Sender, Slice
from crm.outbox.sending.claim import LEASE, claim
from crm.outbox.sending.clear import GateClosed, clear
from crm.outbox.sending.hand_over import FRESH, hand_over
from crm.outbox.sending.letters import Letter
from crm.outbox.sending.returning import SOON
from crm.outbox.suppressing import suppress
from crm.web import clock
from tests import factories
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, state_of, trail

# Versions of rows are told apart by the transactions that wrote them, so each write must be one of its own.
pytestmark = pytest.mark.django_db(transaction=True)
TICK = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EMAIL_URL = f"folder://{tmp_path}/mail"
    return tmp_path / "mail"


def cleared() -> Letter:
    """All that is due is claimed and cleared; the first letter."""
    taken = claim(NOON)
    assert taken is not None
    return clear(taken.claims, NOON, slice_id=taken.slice_id).letters[0]


def close_gate() -> None:
    with gate_closed():
        pass  # as workflows do when they are paused or switched off


def contact(**fields: Any) -> None:
    Contact.objects.filter(email="anna@kelp.example").update(**fields)


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


def elsewhere(job: Callable[[], Any]) -> list[Any]:
    """What it says, or raises, on a database session of its own; nothing if it waits for ours."""
    answers: list[Any] = []

    def run() -> None:
        try:
            with clock.travelling(NOON):
                answers.append(job())
        except Exception as error:  # it is the answer
            answers.append(type(error).__name__)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(5)
    return answers


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
        "Too late: planned for 1 June 12:00 UTC, kept back until 7 June by: Automation is paused for Anna Berg."
    )
