"""A letter by hand: planned, called off or sent, answered, and all of it in one conversation."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.base import ContentFile

from crm.accounts.actions import files
from crm.accounts.models import AccountFile, Contact
from crm.correspondence import rules, writing
from crm.correspondence.models import Mail, MailThread
from crm.correspondence.writing import Composed
from crm.outbox.actions import work
from crm.outbox.models import MailPolicy, OutboundMessage
from crm.outbox.suppressing import suppress
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from tests import factories
from tests.conftest import NOON
from tests.crm.conftest import Server
from tests.crm.correspondence.conftest import Come, mail

LATER = NOON + rules.UNDO_FOR
BUNDLE = UUID("00000000-0000-4000-8000-000000000001")


def write(anna: Contact, by: User, **fields: Any) -> Mail:
    given: dict[str, Any] = {"bundle": BUNDLE, "people": [anna], "subject": "Seats", "text": "Two **more**?"}
    return writing.write(Composed(**given | fields), by, NOON)[0]


def body_of(sent: EmailMessage, kind: str) -> str:
    part = sent.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content


def test_a_letter_leaves_after_ten_seconds_as_its_writers(server: Server, anna: Contact, mira: User, own: str) -> None:
    row = write(anna, mira)

    assert work(LATER - timedelta(microseconds=1)) == 0
    assert work(LATER) == 1

    (sent,) = server.mails
    assert (sent["Subject"], sent["To"]) == ("Seats", "Anna Berg <anna@kelp.example>")
    assert sent["From"] == "Mira <hello@localhost>"
    assert row.thread
    assert sent["Reply-To"] == f"inbox+t{row.thread.token}@crm.example"
    assert sent["Auto-Submitted"] is None
    assert sent["List-Unsubscribe"] is None
    assert body_of(sent, "plain").strip() == "Two **more**?"
    assert "<strong>more</strong>" in body_of(sent, "html")
    entry = TimelineEntry.objects.get()
    assert (entry.kind, entry.text, entry.actor, entry.source) == (
        "mail.sent", "Wrote to Anna Berg: Seats", mira, "person"
    )  # fmt: skip
    assert (entry.payload["note"], entry.payload["mail"]) == ("Two more?", row.pk)


def test_without_an_address_of_the_installation_answers_go_to_the_writer(
    server: Server, anna: Contact, mira: User
) -> None:
    write(anna, mira)
    work(LATER)

    assert server.mails[0]["Reply-To"] == "mira@example.com"


def test_no_markup_of_anybody_reaches_the_reader(server: Server, anna: Contact, mira: User) -> None:
    write(
        anna, mira, subject="{{ contact.email }}", text="{{ base_url }} <img src=x onerror=y> [a](javascript:b) ![p](x)"
    )
    work(LATER)

    (sent,) = server.mails
    assert sent["Subject"] == "{{ contact.email }}"
    html = body_of(sent, "html")
    assert "{{ base_url }}" in html
    assert "<img" not in html
    assert "javascript" not in html.replace("](javascript:b)", "")


def test_sent_twice_it_is_one_letter(server: Server, anna: Contact, mira: User) -> None:
    assert write(anna, mira).pk == write(anna, mira, text="Something else").pk
    work(LATER)

    assert len(server.mails) == 1
    assert MailThread.objects.count() == 1


def test_called_off_in_time_nothing_leaves(server: Server, anna: Contact, mira: User, sam: User) -> None:
    write(anna, mira)
    assert writing.call_off(BUNDLE, sam, NOON) == ([], [])

    stopped, gone = writing.call_off(BUNDLE, mira, LATER - timedelta(seconds=1))

    assert (len(stopped), gone) == (1, [])
    assert writing.call_off(BUNDLE, mira, LATER) == (stopped, [])  # asked twice, it has not left all the same
    assert work(LATER) == 0
    assert server.mails == []
    assert not TimelineEntry.objects.exists()


def test_too_late_is_said(server: Server, anna: Contact, mira: User) -> None:
    write(anna, mira)
    work(LATER)

    stopped, gone = writing.call_off(BUNDLE, mira, LATER)
    assert (stopped, len(gone)) == ([], 1)
    assert OutboundMessage.objects.get().state == "sent"


def test_each_reader_gets_a_letter_of_their_own(server: Server, anna: Contact, mira: User) -> None:
    ben = factories.contact(anna.account, email="ben@kelp.example", first_name="Ben", last_name="Ode")
    write(anna, mira, people=[anna, ben])
    work(LATER)

    assert sorted(sent["To"] for sent in server.mails) == [
        "Anna Berg <anna@kelp.example>", "Ben Ode <ben@kelp.example>",
    ]  # fmt: skip
    assert MailThread.objects.count() == 2


def test_an_answer_comes_home_and_is_answered(server: Server, anna: Contact, mira: User, come: Come, own: str) -> None:
    first = write(anna, mira)
    work(LATER)
    sent = server.mails[0]

    come(mail(to=sent["Reply-To"], message_id="answer@kelp", subject="Re: Seats", text="Yes.\n> Two?"), now=LATER)

    answer = Mail.objects.get(message_id="answer@kelp")
    assert (answer.thread, answer.contact, answer.fresh.strip()) == (first.thread, anna, "Yes.")
    entry = TimelineEntry.objects.get(kind="mail.received")
    assert entry.payload["answer_url"] == f"/conversations/{first.thread_id}/reply/"
    again = writing.write(Composed(uuid4(), [anna], "Re: Seats", "Done.", thread=first.thread), mira, LATER)
    work(LATER + rules.UNDO_FOR)
    last = server.mails[1]
    assert last["In-Reply-To"] == "<answer@kelp>"
    assert last["References"].split() == [sent["Message-ID"], "<answer@kelp>"]
    assert again[0].thread == first.thread


def test_an_answer_is_known_by_its_references_alone(
    server: Server, anna: Contact, mira: User, come: Come, own: str
) -> None:
    first = write(anna, mira)
    work(LATER)

    come(mail(message_id="answer@kelp", In_Reply_To=server.mails[0]["Message-ID"]))

    assert Mail.objects.get(message_id="answer@kelp").thread == first.thread


def test_a_token_lets_nobody_into_another_customers_conversation(
    server: Server, anna: Contact, mira: User, come: Come, own: str
) -> None:
    first = write(anna, mira)
    work(LATER)
    factories.contact(factories.account("Other"), email="eve@other.example")

    for sender in ("eve@other.example", "stranger@nowhere.example"):
        come(mail(sender, to=server.mails[0]["Reply-To"], message_id=sender))

    assert list(first.thread.mails.values_list("pk", flat=True)) == [first.pk]  # type: ignore[union-attr]
    waiting = Mail.objects.unmatched().order_by("pk")
    assert [(row.answers_id, row.waits_because[:16]) for row in waiting] == [
        (first.thread_id, "It says that it "), (first.thread_id, "It answers a mai"),
    ]  # fmt: skip


def test_files_go_along(server: Server, anna: Contact, mira: User) -> None:
    content = bytes(range(256)) * 40
    kept = files.put(anna.account, ContentFile(content, "Größe “1”.bin"), mira, NOON)
    write(anna, mira, files=[kept])
    work(LATER)

    (part,) = server.mails[0].iter_attachments()
    assert part.get_filename() == "Größe “1”.bin"
    assert part.get_content() == content
    assert body_of(server.mails[0], "plain").strip() == "Two **more**?"


def test_without_a_file_that_is_lost_the_letter_stays(server: Server, anna: Contact, mira: User) -> None:
    kept = files.put(anna.account, ContentFile(b"x", "a.txt"), mira, NOON)
    AccountFile.objects.filter(pk=kept.pk).update(stored_as="accounts/nowhere")
    write(anna, mira, files=[kept])
    work(LATER)

    message = OutboundMessage.objects.get()
    assert (message.state, server.mails) == ("failed", [])
    assert "a.txt is missing" in message.reason


def test_caps_and_quiet_hours_do_not_hold_it_back(server: Server, anna: Contact, mira: User) -> None:
    MailPolicy.objects.create(pk=1, cap_count=0)
    night = NOON.replace(hour=23)
    writing.write(Composed(BUNDLE, [anna], "Seats", "Two?"), mira, night)

    assert work(night + rules.UNDO_FOR) == 1
    assert len(server.mails) == 1


def test_suppressed_addresses_and_do_not_contact_hold_it_back(server: Server, anna: Contact, mira: User) -> None:
    write(anna, mira)
    Contact.objects.update(do_not_contact=True)  # after the form had looked
    work(LATER)
    assert OutboundMessage.objects.get().guard == "do-not-contact"

    Contact.objects.update(do_not_contact=False)
    write(anna, mira, bundle=uuid4())
    suppress("anna@kelp.example", "It bounced", NOON)
    work(LATER)
    assert set(OutboundMessage.objects.values_list("guard", flat=True)) == {"do-not-contact", "suppression"}
    assert server.mails == []


def test_who_is_not_to_be_contacted_may_be_answered(
    server: Server, anna: Contact, mira: User, come: Come, copies_to: str
) -> None:
    come(mail(Delivered_To=copies_to))
    Contact.objects.update(do_not_contact=True)

    writing.write(Composed(BUNDLE, [anna], "Re: Seats", "Yes.", thread=MailThread.objects.get()), mira, NOON)
    work(LATER)

    assert server.mails[0]["In-Reply-To"] == "<seats@kelp.example>"


def test_a_redirected_letter_says_whom_it_was_for(server: Server, anna: Contact, mira: User) -> None:
    MailPolicy.objects.create(pk=1, mode="redirect", redirect_to="test@crm.example")
    write(anna, mira)
    work(LATER)

    assert server.mails[0]["To"] == "test@crm.example"
    assert "This was meant for Anna Berg" in body_of(server.mails[0], "plain")


@pytest.mark.parametrize("subject", ["Re: a\r\nBcc: eve@x.example", "a\0b", "\u202egnp"])
def test_no_header_is_injected(server: Server, anna: Contact, mira: User, subject: str) -> None:
    write(anna, mira, subject=subject.replace("\0", ""))
    work(LATER)

    assert server.mails[0]["Bcc"] is None
