"""From a due row to the mail server and back: what is sent, what is noted, and what happens on each answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from crm.accounts.models import Account, Contact
from crm.outbox import policy, unsubscribing
from crm.outbox.actions import next_due, work
from crm.outbox.models import OutboundMessage, Sender, Suppression
from crm.team.models import User
from crm.timeline.models import Pending, TimelineEntry
from tests import factories
from tests.conftest import NOON
from tests.crm.conftest import Server
from tests.crm.outbox.conftest import Plan, moved_to, state_of, trail


def test_a_due_message_leaves_once_and_says_so(server: Server, anna: Contact, plan: Plan) -> None:
    message = plan(
        anna, body="Dear {{ contact.name }}, your plan is {{ contract.plan }}.", facts={"contract": {"plan": "Pro"}}
    )

    assert work(NOON) == 1
    assert work(NOON) == 0

    message.refresh_from_db()
    assert (message.state, message.to_address, message.settled_at) == ("sent", "anna@kelp.example", NOON)
    assert message.rendered_subject == "Hello Anna"
    assert message.rendered_body.startswith("Dear Anna Berg, your plan is Pro.\n")
    assert trail(message) == [("sending", ""), ("sent", "")]
    (mail,) = server.mails
    assert mail["Subject"] == "Hello Anna"
    assert mail["To"] == "Anna Berg <anna@kelp.example>"
    assert mail["From"] == "Holdfast <hello@localhost>"
    assert mail["Message-ID"] == message.message_id == f"<{message.to_hash()}@localhost>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"] == "Mon, 01 Jun 2026 12:00:00 +0000"
    entry = TimelineEntry.objects.get(kind="email.sent")
    assert (entry.contact, entry.account, entry.source, entry.channel) == (anna, anna.account, "automatic", "email")
    assert entry.payload["why_url"] == f"/mail/{message.pk}/"
    assert Pending.objects.filter(entry=entry).exists()


def test_a_message_leaves_when_it_is_due_and_not_a_tick_before(server: Server, anna: Contact, plan: Plan) -> None:
    message = plan(anna)

    assert work(NOON - timedelta(microseconds=1)) == 0
    assert next_due(NOON - timedelta(microseconds=1)) == NOON
    assert work(NOON) == 1
    assert state_of(message) == "sent"


def test_a_known_key_keeps_its_old_row(anna: Contact, plan: Plan) -> None:
    first = plan(anna, key="onboarding:1")
    second = plan(anna, key="onboarding:1", subject="Another")

    assert first.pk == second.pk
    assert second.template.subject == "Hello {{ contact.first_name }}"
    assert OutboundMessage.objects.count() == 1


def test_the_address_of_the_moment_counts(server: Server, anna: Contact, plan: Plan) -> None:
    message = plan(anna)
    Contact.objects.filter(pk=anna.pk).update(email="anna.new@kelp.example")

    work(NOON)

    message.refresh_from_db()
    assert message.to_address == "anna.new@kelp.example"


def test_account_mail_finds_its_reader_when_it_is_sent(server: Server, anna: Contact, plan: Plan) -> None:
    message = plan(account_id=anna.account_id)

    work(NOON)

    message.refresh_from_db()
    assert (message.state, message.contact_id, message.rendered_subject) == ("sent", anna.pk, "Hello Anna")


def test_one_connection_serves_a_batch(server: Server, db: None, plan: Plan) -> None:
    for _ in range(3):
        plan(factories.contact())

    assert work(NOON) == 3
    assert len(server.raw) == 3
    assert len(server.sessions) == 1


def test_service_mail_can_be_left_with_one_click_and_transactional_mail_has_no_such_link(
    server: Server, anna: Contact, plan: Plan
) -> None:
    plan(anna)
    plan(anna, category="transactional", key="receipt")

    work(NOON)

    receipt, service = server.mails  # in the order of their urgency
    assert service["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = service["List-Unsubscribe"].strip("<>")
    assert link.startswith("http://localhost:8000/u/")
    assert link in service.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert receipt["List-Unsubscribe"] is None
    assert "/u/" not in receipt.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_redirected_mail_cannot_unsubscribe_its_reader(server: Server, anna: Contact, plan: Plan) -> None:
    policy.redirect_to("ops@us.example", NOON)
    plan(anna)
    plan(anna, body="Leave: {{ unsubscribe_url }}")

    work(NOON)

    assert len(server.mails) == 2
    for mail in server.mails:
        assert mail["List-Unsubscribe"] is None
        assert mail["List-Unsubscribe-Post"] is None
        text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert "http://localhost:8000/u/redirected/" in text
        assert unsubscribing.url_for(anna.pk) not in text
    assert unsubscribing.contact_of("redirected") is None


def test_a_message_to_a_contact_belongs_to_the_contact_s_account(
    anna: Contact, plan: Plan, olaf: User, mira: User
) -> None:
    Account.objects.update(owner=mira)

    message = plan(anna, account_id=None)

    assert message.account_id == anna.account_id
    assert not OutboundMessage.objects.visible_to(olaf).exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        OutboundMessage.objects.update(account=None)


def test_a_reply_is_not_marked_as_automatic(server: Server, anna: Contact, plan: Plan) -> None:
    plan(anna, category="reply")

    work(NOON)

    assert server.mails[0]["Auto-Submitted"] is None


def test_a_temporary_no_is_tried_again_later_and_given_up_after_five(server: Server, anna: Contact, plan: Plan) -> None:
    server.answers["DATA"] = "451 Not now"
    message, now = plan(anna, category="transactional"), NOON

    for attempt in range(1, 6):
        assert work(now) == 1
        message.refresh_from_db()
        assert message.attempts == attempt
        now = max(now, message.due_at)

    assert message.state == "failed"
    assert "451 Not now" in message.reason
    assert [verdict for verdict, _ in trail(message)] == ["sending", "retry"] * 4 + ["sending", "failed"]
    assert work(now + timedelta(days=1)) == 0


def test_what_was_refused_for_a_while_leaves_later(server: Server, anna: Contact, plan: Plan) -> None:
    server.answers["RCPT"] = "451 Greylisted"
    message = plan(anna)
    work(NOON)
    assert state_of(message) == "due"
    assert NOON + timedelta(minutes=1) <= moved_to(message) <= NOON + timedelta(seconds=75)
    assert not Suppression.objects.exists()

    server.answers.clear()
    work(moved_to(message))

    assert state_of(message) == "sent"
    assert len(server.raw) == 1


def test_an_address_that_bounces_is_suppressed(server: Server, anna: Contact, plan: Plan) -> None:
    server.answers["RCPT"] = "550 No such user"
    message, next_one = plan(anna), plan(anna)

    work(NOON)

    assert (state_of(message), state_of(next_one)) == ("failed", "skipped")
    assert Suppression.objects.get().address == "anna@kelp.example"
    assert trail(next_one) == [("skipped", "suppression")]
    assert not server.raw


def test_a_refused_text_says_nothing_about_the_address(server: Server, anna: Contact, plan: Plan) -> None:
    server.answers["DATA"] = "550 Spam"
    message = plan(anna)

    work(NOON)

    assert state_of(message) == "failed"
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("silence", ["drop", "hang"])
def test_without_an_answer_it_is_uncertain_and_is_not_sent_again(
    server: Server, anna: Contact, plan: Plan, silence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.outbox.channels.smtp.TIMEOUT", 0.5)
    server.after_data = silence
    message = plan(anna)

    work(NOON)
    work(NOON + timedelta(days=30))

    assert state_of(message) == "uncertain"
    assert len(server.raw) == 1
    assert TimelineEntry.objects.get().kind == "email.uncertain"


def test_a_mail_server_that_is_away_costs_no_attempts(server: Server, anna: Contact, plan: Plan, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    messages, now = [plan(anna, category="transactional") for _ in range(3)], NOON
    for _ in range(8):
        work(now)
        now += timedelta(minutes=5)

    assert {state_of(message) for message in messages} == {"due"}
    settings.EMAIL_URL = server.url
    work(now + timedelta(minutes=5))
    assert {state_of(message) for message in messages} == {"sent"}


def test_without_a_way_out_nothing_is_taken(anna: Contact, plan: Plan, settings: Any) -> None:
    settings.EMAIL_URL = ""
    message = plan(anna)

    assert work(NOON) == 0
    assert next_due(NOON - timedelta(hours=1)) is None
    assert state_of(message) == "due"


def test_a_text_that_cannot_be_filled_in_fails_with_its_place(server: Server, anna: Contact, plan: Plan) -> None:
    message = plan(anna, body="Hello\n{{ contact.name | date: 3, 4, 5 }}")

    work(NOON)

    message.refresh_from_db()
    assert message.state == "failed"
    assert "body, line 2" in message.reason
    assert not server.raw


def test_a_sender_keeps_to_its_rate_each_minute(server: Server, db: None, plan: Plan) -> None:
    Sender.objects.create(name="default", per_minute=2)
    for _ in range(5):
        plan(factories.contact())

    counts = []
    for minute in range(4):
        work(NOON + timedelta(minutes=minute))
        counts.append(len(server.raw))

    assert counts == [2, 4, 5, 5]


def test_a_dead_sender_s_message_is_taken_over_after_its_lease(server: Server, anna: Contact, plan: Plan) -> None:
    message = plan(anna)
    OutboundMessage.objects.update(state="claimed", attempts=1, lease_until=NOON + timedelta(seconds=60))

    assert work(NOON + timedelta(seconds=59, microseconds=999_999)) == 0
    assert next_due(NOON) == NOON + timedelta(seconds=60)
    assert work(NOON + timedelta(seconds=60)) == 1
    assert state_of(message) == "sent"


def test_a_message_that_kills_its_senders_is_given_up(server: Server, anna: Contact, plan: Plan) -> None:
    message = plan(anna)
    OutboundMessage.objects.update(attempts=5)  # nobody noted what became of any of them

    work(NOON)

    assert state_of(message) == "failed"
    assert not server.raw


def test_a_sender_that_died_while_handing_over_leaves_it_uncertain(server: Server, anna: Contact, plan: Plan) -> None:
    message = plan(anna)
    OutboundMessage.objects.update(state="sending", attempts=1, sending_at=NOON, lease_until=NOON)

    assert work(NOON) == 1

    assert state_of(message) == "uncertain"
    assert not server.raw
    assert trail(message) == [("uncertain", "")]
