"""Whose a mail is, what it must prove, and what it must not set off."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from crm.accounts.models import Account, AccountFile, Alias, Contact
from crm.correspondence import filing, rules
from crm.correspondence.models import Mail, MailIdentity, MailThread
from crm.inbox import actions
from crm.inbox.models import InboundPayload, InboxSettings
from crm.outbox.models import Notification, OutboundMessage, Suppression
from crm.team.models import User
from crm.timeline.models import Pending, TimelineEntry
from tests import factories
from tests.conftest import NOON
from tests.crm.correspondence.conftest import OWN, Come, mail


def only() -> Mail:
    return Mail.objects.get()


def entries() -> list[tuple[str, str]]:
    found = TimelineEntry.objects.filter(kind__startswith="mail.").order_by("id")
    return list(found.values_list("kind", "text"))


def test_a_blind_copy_of_ones_own_mail_is_sent(come: Come, anna: Contact, mira: User, copies_to: str) -> None:
    payload = come(mail("Mira <mira@example.com>", "Anna <anna@kelp.example>", Delivered_To=copies_to))

    assert (payload.state, payload.note) == ("done", "Filed at Kelp & Co.")
    assert payload.addresses == ["anna@kelp.example", "mira@example.com"]
    row = only()
    assert (row.direction, row.user, row.contact, row.account) == ("out", mira, anna, anna.account)
    entry = TimelineEntry.objects.get(kind="mail.sent")
    assert (entry.text, entry.source, entry.actor, entry.channel) == (
        "Wrote to Anna Berg: Seats",
        "person",
        mira,
        "email",
    )
    assert entry.payload == {
        "mail": row.pk, "open_url": f"/conversations/{row.thread_id}/#mail-{row.pk}", "note": "Two more, please.",
    }  # fmt: skip
    assert entry.occurred_at.isoformat() == "2026-06-01T11:00:00+00:00"


def test_the_token_alone_does_not_make_it_theirs(come: Come, anna: Contact, copies_to: str) -> None:
    """Anna answered to all, and Mira's address stood in Cc."""
    come(mail(Cc=copies_to))

    assert (only().direction, only().contact) == ("in", anna)
    assert entries() == [("mail.received", "Anna Berg wrote: Seats")]


@pytest.mark.parametrize("token", ["u" + "0" * 32, "t" + "0" * 20, "u", "x" * 30])
def test_a_forged_token_lets_nothing_in(come: Come, anna: Contact, mira: User, copies_to: str, token: str) -> None:
    come(mail("Mira <mira@example.com>", "Anna <anna@kelp.example>", Delivered_To=OWN.replace("@", f"+{token}@")))

    assert (only().account, only().user) == (None, None)
    assert only().waits_because == "Nobody with this address is known."
    assert entries() == []


def test_the_token_of_somebody_who_has_left_lets_nothing_in(
    come: Come, anna: Contact, mira: User, copies_to: str
) -> None:
    User.objects.filter(pk=mira.pk).update(is_active=False)
    come(mail("Mira <mira@example.com>", "Anna <anna@kelp.example>", Delivered_To=copies_to))

    assert entries() == []


def test_a_known_sender_proves_nothing_unless_admins_trust_the_mailbox(come: Come, anna: Contact, own: str) -> None:
    come(mail())
    assert only().waits_because == "It says that it is from somebody known, but proves nothing."
    assert entries() == []

    InboxSettings.objects.update(trusts_senders=True)
    come(mail(message_id="another@kelp.example"))
    assert entries() == [("mail.received", "Anna Berg wrote: Seats")]


def test_a_person_who_writes_hears_nothing_automatic_for_a_week(come: Come, anna: Contact, own: str) -> None:
    come(mail())  # proves nothing, so that strangers cannot silence others
    anna.refresh_from_db()
    assert anna.automation_paused_until is None

    InboxSettings.objects.update(trusts_senders=True)
    come(mail(message_id="another@kelp.example"))
    anna.refresh_from_db()
    assert anna.automation_paused_until is not None
    assert anna.automation_paused_until - NOON == timedelta(days=7)
    assert anna.automation_paused_why == "Anna Berg wrote to us."


def test_a_stranger_waits_and_is_remembered_once_linked(come: Come, anna: Contact, mira: User, own: str) -> None:
    come(mail("A. Berg <private@berg.example>", message_id="1@berg"))
    come(mail("A. Berg <private@berg.example>", message_id="2@berg"))
    InboxSettings.objects.update(trusts_senders=True)

    assert filing.link(Mail.objects.earliest("pk"), anna, mira, NOON) == 2

    assert set(Mail.objects.values_list("contact", flat=True)) == {anna.pk}
    assert Alias.objects.get().value == "private@berg.example"
    come(mail("private@berg.example", message_id="3@berg"))
    assert len(entries()) == 3
    with pytest.raises(filing.NotPossible):
        filing.link(Mail.objects.earliest("pk"), anna, mira, NOON)


def test_a_stranger_becomes_somebody(come: Come, mira: User, own: str) -> None:
    kelp = factories.account("Kelp & Co")
    come(mail("Ben Ode <ben@kelp.example>"))

    made = filing.make_contact(only(), kelp, "Ben", "Ode", mira, NOON)

    assert (made.name, made.email, made.account) == ("Ben Ode", "ben@kelp.example", kelp)
    assert entries() == [("mail.received", "Ben Ode wrote: Seats")]


def test_who_is_ignored_stays_ignored_until_somebody_thinks_better(come: Come, mira: User, own: str) -> None:
    come(mail("news@shop.example", message_id="1@shop"))
    filing.ignore(only(), mira, NOON, always=True)

    payload = come(mail("News <NEWS@shop.example>", message_id="2@shop"))
    assert (payload.state, payload.note) == ("ignored", "Its sender is ignored.")
    assert Mail.objects.unmatched().count() == 0

    filing.heed(only())
    come(mail("news@shop.example", message_id="3@shop"))
    assert Mail.objects.unmatched().count() == 2


def test_the_same_mail_by_two_ways_makes_one(come: Come, anna: Contact, copies_to: str) -> None:
    come(mail(Delivered_To=copies_to))
    payload = come(mail(Delivered_To=copies_to) + b"\r\n")

    assert (payload.state, payload.note) == ("ignored", "It is there already.")
    assert len(entries()) == 1


def test_mail_without_an_id_is_known_by_its_bytes(come: Come, anna: Contact, copies_to: str) -> None:
    come(mail(message_id=None, Delivered_To=copies_to))
    come(mail(message_id=None, Delivered_To=copies_to))

    assert only().message_id.startswith("sha256:")


def test_machines_start_nothing(come: Come, anna: Contact, copies_to: str) -> None:
    come(mail(Delivered_To=copies_to, Auto_Submitted="auto-replied", subject="I am away"))

    assert entries() == [("mail.auto_received", "Automatic mail from Anna Berg: I am away")]
    assert not Pending.objects.exists()
    assert not Notification.objects.exists()


def test_old_mail_starts_nothing_and_new_mail_does(come: Come, anna: Contact, copies_to: str, mira: User) -> None:
    come(mail(Delivered_To=copies_to, Date="Mon, 4 May 2026 10:00:00 +0000"))
    assert not Pending.objects.exists()

    come(mail(Delivered_To=copies_to, message_id="new@kelp.example"))
    assert Pending.objects.count() == 1
    told = Notification.objects.get()
    assert (told.user, told.kind, told.text) == (mira, "mail.received", "Anna Berg wrote: Seats")


def test_files_land_in_the_folder(come: Come, anna: Contact, copies_to: str) -> None:
    raw = (
        f"From: anna@kelp.example\r\nTo: {copies_to}\r\nMessage-ID: <f@x>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee there.\r\n"
        "--b\r\nContent-Type: text/html; name=../../evil.html\r\nContent-Disposition: attachment;"
        ' filename="../../evil.html"\r\n\r\n<script>alert(1)</script>\r\n--b--\r\n'
    )
    come(raw.encode())

    file = AccountFile.objects.get()
    assert (file.name, file.content_type, file.account) == ("evil.html", "text/plain", anna.account)
    assert only().files.get().file == file
    assert only().text == "See there."


def test_waiting_mail_keeps_its_files_until_it_is_filed(come: Come, anna: Contact, mira: User, own: str) -> None:
    raw = (
        "From: x@y.example\r\nTo: inbox@crm.example\r\nMessage-ID: <f@x>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        "Content-Disposition: attachment; filename=a.txt\r\n\r\n"
        "content\r\n--b--\r\n"
    )
    come(raw.encode())
    assert not AccountFile.objects.exists()

    filing.link(only(), anna, mira, NOON)
    assert AccountFile.objects.get().name == "a.txt"


def test_a_mail_that_came_back_marks_its_message_and_address(come: Come, anna: Contact, own: str) -> None:
    _sent(anna, "hash@crm.example")
    payload = come(report("anna@kelp.example", "hash@crm.example"))

    assert payload.state == "done"
    assert Suppression.objects.get().address == "anna@kelp.example"
    message = OutboundMessage.objects.get()
    assert message.state == "sent"
    assert message.decisions.get().reason == "It came back: 5.1.1 smtp; 550 no such user"
    assert TimelineEntry.objects.get(kind="email.bounced").contact == anna
    assert not Mail.objects.exists()
    come(report("anna@kelp.example", "hash@crm.example", "another"))
    assert message.decisions.count() == 1


@pytest.mark.parametrize(
    ("address", "of", "status"),
    [("ben@kelp.example", "hash@crm.example", "5.1.1"), ("anna@kelp.example", "other@crm.example", "5.1.1")],
)
def test_a_made_up_report_suppresses_nobody(
    come: Come, anna: Contact, own: str, address: str, of: str, status: str
) -> None:
    _sent(anna, "hash@crm.example")
    assert come(report(address, of)).state == "ignored"
    assert not Suppression.objects.exists()


def test_a_full_mailbox_suppresses_nobody(come: Come, anna: Contact, own: str) -> None:
    _sent(anna, "hash@crm.example")
    come(report("anna@kelp.example", "hash@crm.example", status="5.2.2"))

    assert not Suppression.objects.exists()
    assert TimelineEntry.objects.filter(kind="email.bounced").count() == 1


def test_our_own_mail_that_comes_back_by_another_way_is_nothing_new(come: Come, anna: Contact, own: str) -> None:
    _sent(anna, "hash@crm.example")
    payload = come(mail("hello@crm.example", message_id="hash@crm.example"))

    assert (payload.state, Mail.objects.count()) == ("ignored", 0)


def test_an_answer_to_any_mail_of_ours_proves_itself(come: Come, anna: Contact, own: str) -> None:
    _sent(anna, "hash@crm.example")
    come(mail(In_Reply_To="<hash@crm.example>"))
    assert only().contact == anna

    other = factories.contact(factories.account("Other"), email="eve@other.example")
    come(mail("eve@other.example", message_id="eve", References="<hash@crm.example>"))
    assert Mail.objects.get(message_id="eve").account is None
    assert not TimelineEntry.objects.filter(contact=other).exists()


def test_people_at_several_customers_each_get_a_line(come: Come, anna: Contact, copies_to: str) -> None:
    ben = factories.contact(factories.account("Other"), first_name="Ben", last_name="Ode", email="ben@o.example")
    come(mail("mira@example.com", "anna@kelp.example, ben@o.example", Bcc=copies_to))

    assert only().account == anna.account
    first, second = TimelineEntry.objects.filter(kind="mail.sent").order_by("id")
    assert (first.contact, "open_url" in first.payload) == (anna, True)
    assert (second.contact, second.account, second.payload) == (ben, ben.account, {"mail": only().pk})


def test_somebody_whom_a_colleague_has_just_added_is_said(
    come: Come, anna: Contact, mira: User, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    come(mail("ben@kelp.example"))
    factories.contact(anna.account, email="ben@kelp.example")
    monkeypatch.setattr(filing, "contacts_by", lambda addresses: {})  # it was looked for a moment before
    with pytest.raises(filing.NotPossible, match="has just added"):
        filing.make_contact(only(), anna.account, "Ben", "Ode", mira, NOON)
    assert Contact.objects.filter(first_name="Ben").count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_mails_at_once_begin_one_conversation(make_user: Any) -> None:
    mira = make_user("Mira")
    anna = factories.contact(email="anna@kelp.example")
    InboxSettings.objects.create(pk=1, address=OWN)
    to = rules.with_token(OWN, "u", MailIdentity.of(mira).token)
    for number in range(2):
        for way in ("imap", "postmark"):
            raw = mail(Delivered_To=to, message_id=f"{number}@kelp", References="<root@kelp>")
            actions.store(way, "mail", str(number), raw, {}, NOON)

    def run() -> None:
        try:
            actions.work(NOON)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert Mail.objects.filter(contact=anna).count() == 2
    assert set(InboundPayload.objects.values_list("state", flat=True)) == {"done", "ignored"}
    assert TimelineEntry.objects.filter(kind="mail.received").count() == 2
    assert Account.objects.count() == 1
    assert MailThread.objects.count() <= 2


def _sent(anna: Contact, message_id: str) -> None:
    from crm.outbox.actions import Draft, enqueue, template

    draft = Draft(
        "k", "service", template("Hello", "x"), NOON, account_id=anna.account_id, contact_id=anna.pk
    )  # fmt: skip
    enqueue([draft], now=NOON)
    OutboundMessage.objects.update(
        state="sent", message_id=f"<{message_id}>", to_address=anna.email, rendered_subject="Hello", sending_at=NOON
    )


def report(address: str, of: str, own_id: str = "report", status: str = "5.1.1") -> bytes:
    return (
        f"From: Mail Delivery <mailer-daemon@mx.example>\r\nTo: {OWN}\r\nSubject: Undelivered\r\n"
        f"Message-ID: <{own_id}@mx.example>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nIt did not work.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{of}>\r\nSubject: Hello\r\n\r\nx\r\n--b--\r\n"
    ).encode()
