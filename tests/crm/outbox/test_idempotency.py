"""Ways out that know a message again: what got no answer goes once more under its key, within half of the promise."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from crm.accounts.models import Contact
from crm.outbox import policy
from crm.outbox.channels import Accepted, Outcome, Refused, Unknown
from crm.outbox.channels.email import BadEmailURL, Folder, open_channel
from crm.outbox.channels.testing import Listener
from crm.outbox.mime import Envelope
from crm.outbox.models import OutboundMessage
from crm.outbox.sending import send
from crm.outbox.sending.fallen import reconcile
from tests.conftest import NOON
from tests.crm.outbox.conftest import Plan, state_of, trail
from tests.crm.outbox.test_channels import letter

DAY = timedelta(hours=24)
TICK = timedelta(microseconds=1)


class Esp(Folder):
    """Gives one answer after the other, and then takes everything."""

    idempotent_for: timedelta | None = DAY

    def __init__(self, *answers: Outcome) -> None:
        self.answers, self.asked = list(answers), list[Envelope]()

    def send(self, envelope: Envelope) -> Outcome:
        self.asked.append(envelope)
        return self.answers.pop(0) if self.answers else Accepted("1")


@pytest.fixture(autouse=True)
def a_way_out(settings: Any) -> None:
    settings.EMAIL_URL = "test+http://127.0.0.1:1"


def again(message: OutboundMessage) -> Any:
    message.refresh_from_db()
    return message.due_at


def test_without_an_answer_it_goes_again_under_its_key(anna: Contact, plan: Plan) -> None:
    message, esp = plan(anna, key="welcome:1"), Esp(Unknown("silence"))
    send(esp, NOON)
    assert state_of(message) == "due"
    Contact.objects.update(first_name="Anja")

    send(esp, again(message))

    assert trail(message) == [("sending", ""), ("retry", ""), ("sending", ""), ("sent", "")]
    first, second = esp.asked
    assert first.key == second.key == "welcome:1"
    assert (first.message_id, first.subject, first.text) == (second.message_id, second.subject, second.text)
    message.refresh_from_db()
    assert message.resend_until is None


def test_a_channel_that_promises_nothing_leaves_it_uncertain(anna: Contact, plan: Plan) -> None:
    message, esp = plan(anna), Esp(Unknown("silence"))
    esp.idempotent_for = None

    send(esp, NOON)

    assert state_of(message) == "uncertain"


def orphan(message: OutboundMessage) -> None:
    OutboundMessage.objects.filter(pk=message.pk).update(
        state="sending", attempts=1, sending_at=NOON, lease_until=NOON + timedelta(minutes=1),
        rendered_subject="Hello Anna", rendered_body="Good day.\n", to_address="anna@kelp.example",
    )  # fmt: skip


@pytest.mark.parametrize(("after", "state"), [(timedelta(minutes=1), "due"), (DAY / 2, "uncertain")])
def test_what_a_dead_sender_was_handing_over(anna: Contact, plan: Plan, after: timedelta, state: str) -> None:
    message = plan(anna)
    orphan(message)

    assert reconcile(NOON + after - TICK, DAY) == (after > timedelta(minutes=1))
    reconcile(NOON + after, DAY)

    assert state_of(message) == state


def test_half_of_the_promise_is_the_last_moment(anna: Contact, plan: Plan) -> None:
    early, late = plan(anna, category="transactional"), plan(anna, category="transactional")
    for message in (early, late):
        orphan(message)
    reconcile(NOON + timedelta(minutes=1), DAY)
    OutboundMessage.objects.update(due_at=NOON + DAY / 2)
    OutboundMessage.objects.filter(pk=early.pk).update(due_at=NOON + DAY / 2 - TICK)
    esp = Esp()

    send(esp, NOON + DAY / 2 - TICK)
    send(esp, NOON + DAY / 2)

    assert (state_of(early), state_of(late)) == ("sent", "uncertain")
    assert len(esp.asked) == 1


@pytest.mark.parametrize("objection", ["consent", "address", "another channel"])
def test_what_may_have_left_and_must_not_go_again_is_uncertain(anna: Contact, plan: Plan, objection: str) -> None:
    message, esp = plan(anna), Esp(Unknown("silence"))
    send(esp, NOON)
    if objection == "consent":
        Contact.objects.update(email_consent="no")
    if objection == "address":
        Contact.objects.update(email="anna.new@kelp.example")
    if objection == "another channel":
        esp.idempotent_for = None

    send(esp, again(message))

    assert state_of(message) == "uncertain"
    assert len(esp.asked) == 1


def test_a_switch_keeps_it_waiting(anna: Contact, plan: Plan) -> None:
    message, esp = plan(anna), Esp(Unknown("silence"))
    send(esp, NOON)
    policy.throw("all", "", NOON)

    send(esp, again(message))

    assert state_of(message) == "due"
    assert len(esp.asked) == 1


def test_a_no_to_the_second_try_says_nothing_about_the_first(anna: Contact, plan: Plan) -> None:
    message, esp = plan(anna), Esp(Unknown("silence"), Refused(temporary=False, reason="409"))
    send(esp, NOON)
    send(esp, again(message))

    assert state_of(message) == "uncertain"


def test_silence_after_silence_ends_uncertain(anna: Contact, plan: Plan) -> None:
    message, esp = plan(anna, category="transactional"), Esp(*[Unknown("silence")] * 9)
    for _ in range(9):
        send(esp, again(message))

    assert state_of(message) == "uncertain"
    assert len(esp.asked) == 5


class _Answers(BaseHTTPRequestHandler):
    status = 200
    keys: list[str | None] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.keys.append(self.headers["Idempotency-Key"])
        if self.status:
            self.send_response(self.status)
            self.end_headers()
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    channel = open_channel(f"test+http://127.0.0.1:{server.server_port}/")
    assert isinstance(channel, Listener)
    yield channel
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, Accepted), (500, Refused), (429, Refused), (400, Refused), (0, Unknown)],
)
def test_the_listener_of_the_tests(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, status: int, outcome: type
) -> None:
    monkeypatch.setattr(_Answers, "status", status)

    with listener:
        answer = listener.send(letter(key="welcome:1"))

    assert isinstance(answer, outcome)
    assert _Answers.keys[-1] == "welcome:1"
    if isinstance(answer, Refused):
        assert answer.temporary == (status != 400)


def test_where_nobody_listens_nothing_was_handed_over(settings: Any) -> None:
    answer = open_channel("test+http://127.0.0.1:1").send(letter())
    assert isinstance(answer, Refused)
    assert (answer.temporary, answer.unreachable) == (True, True)
    settings.HOLDFAST_TESTING = False
    with pytest.raises(BadEmailURL):
        open_channel("test+http://127.0.0.1:1")
