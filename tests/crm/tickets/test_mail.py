"""Mail to the desk: which ticket it belongs to, whose it is, and what is nobody's."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from crm.accounts.models import Contact
from crm.correspondence import rules
from crm.correspondence.models import Mail, MailThread
from crm.inbox.models import InboundPayload, InboxSettings
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.tickets.actions.answering import Written, write
from crm.tickets.actions.turning import set_status
from crm.tickets.models import BlockedSender, Ticket, TicketMessage, TicketSettings
from tests import factories
from tests.conftest import NOON
from tests.crm.tickets.mails import DESK, OWN, asks, come

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=2)


@pytest.fixture(autouse=True)
def desk(settings: object) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"  # type: ignore[attr-defined]
    InboxSettings.objects.create(pk=1, address=OWN)
    TicketSettings.objects.create(pk=1, addresses=[DESK])


@pytest.fixture
def asked(sofia: Contact) -> Ticket:
    come(asks())
    return Ticket.objects.get()


def home(ticket: Ticket) -> str:
    """Where its mails ask to be answered to."""
    return rules.with_token(OWN, "s", ticket.token)


def where(payload: InboundPayload) -> Ticket:
    return TicketMessage.objects.get(payload=payload).ticket


def test_mail_to_the_desk_begins_a_ticket(sofia: Contact, mira: User) -> None:
    html = "<p>The export <b>stops</b>.</p>"
    parts = (
        f"--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\n"
        "Content-Disposition: inline\r\n\r\nPNG\r\n--b\r\nContent-Type: text/csv\r\n"
        'Content-Disposition: attachment; filename="log.csv"\r\n\r\na,b\r\n--b--'
    )
    to = f"Help <{DESK}>, {mira.email}"
    payload = come(asks(parts, to=to, Cc=f"boss@nordwind.example, {OWN}", Content_Type="multipart/mixed; boundary=b"))
    ticket = Ticket.objects.get()
    assert (payload.state, payload.note) == ("done", f"Ticket #{ticket.pk} begins.")
    assert (ticket.subject, ticket.contact, ticket.account) == ("Export times out", sofia, sofia.account)
    assert (ticket.requester_handle, ticket.copied, ticket.channel) == (
        "sofia@nordwind.example", ["boss@nordwind.example"], "email",
    )  # fmt: skip
    message = ticket.messages.get(kind="in")
    assert (message.text, message.html.strip(), message.proven) == ("The export stops.", html, False)
    assert [(file.name, file.content_id) for file in message.files.order_by("pk")] == [
        ("log.csv", ""), ("attachment.png", "logo"),
    ]  # fmt: skip
    assert ticket.followers.get().user == mira
    assert "boss@nordwind.example" in payload.addresses
    assert not Mail.objects.exists()


def test_the_same_mail_by_another_way_is_one_ticket(asked: Ticket) -> None:
    again = come(asks(to="other@crm.example"), to=DESK)
    assert (again.state, again.note) == ("ignored", "It is there already.")
    assert (Ticket.objects.count(), TicketMessage.objects.filter(kind="in").count()) == (1, 1)


def test_a_stranger_and_nobody_at_all(sofia: Contact) -> None:
    stranger = where(come(asks(sender="Reception <desk@bright.example>")))
    assert (stranger.contact, stranger.account, stranger.requester) == (None, None, "Reception")
    come(mail_without_sender := asks(sender="", message_id="x@y"))
    assert b"From: \r\n" in mail_without_sender
    assert Ticket.objects.latest("pk").requester == "Somebody"


def test_trusted_senders_are_proven(sofia: Contact) -> None:
    InboxSettings.objects.update(trusts_senders=True)
    come(asks())
    assert TicketMessage.objects.get(kind="in").proven


def test_the_token_brings_anybody_home(asked: Ticket) -> None:
    payload = come(asks("Me too", sender="x@other.example", to=home(asked), message_id="2@x", Cc="y@other.example"))
    message = TicketMessage.objects.get(payload=payload)
    assert (message.ticket, message.proven, message.contact) == (asked, True, None)
    asked.refresh_from_db()
    # Whoever came by a forwarded mail neither gets the answers, nor brings others along.
    assert (asked.requester_handle, asked.copied) == ("sofia@nordwind.example", [])


@pytest.mark.parametrize("who", ["requester", "copied", "customer", "stranger"])
def test_references_count_from_whoever_takes_part(asked: Ticket, sofia: Contact, who: str) -> None:
    Ticket.objects.update(copied=["boss@partner.example"])
    factories.contact(sofia.account, email="paul@nordwind.example")
    sender = {
        "requester": "sofia@nordwind.example", "copied": "boss@partner.example", "customer": "paul@nordwind.example",
        "stranger": "spam@letters.example",
    }[who]  # fmt: skip
    payload = come(
        asks("More", sender=sender, to="sales@crm.example", message_id="2@x", Cc="new@nordwind.example",
             References="<first@nordwind.example>")
    )  # fmt: skip
    ticket = where(payload)
    if who != "stranger":
        assert ticket == asked
        ticket.refresh_from_db()
        assert "new@nordwind.example" in ticket.copied
        return
    assert ticket != asked
    note = ticket.messages.get(kind="note")
    assert note.text == f"Its sender quotes #{asked.pk}, but takes no part in it. If they belong there, merge the two."
    assert asked.messages.filter(kind="in").count() == 1


def test_an_answer_to_our_answer_needs_no_subject(asked: Ticket, sam: User) -> None:
    said = write(asked, Written(uuid4(), "It is lifted."), sam, NOON)
    OutboundMessage.objects.filter(pk=said.outbound_id).update(message_id="<ours@crm.example>", state="sent")
    payload = come(asks("Thanks", to=DESK, subject="AW: something", message_id="3@x", In_Reply_To="<ours@crm.example>"))
    assert where(payload) == asked


def test_a_closed_ticket_is_followed_and_a_machine_begins_nothing(asked: Ticket, sam: User) -> None:
    set_status(asked, "solved", sam, LATER)
    Ticket.objects.update(status="closed", closed_at=LATER)
    away = come(asks("I am away", to=home(asked), message_id="2@x", Auto_Submitted="auto-replied"), LATER)
    assert (away.note, Ticket.objects.count()) == (f"A machine answered #{asked.pk}, which is closed.", 1)
    follows = where(come(asks("Again", to=home(asked), message_id="3@x"), LATER))
    assert follows.follows == asked


def test_what_a_machine_answers_opens_nothing(asked: Ticket, sam: User) -> None:
    set_status(asked, "solved", sam, LATER)
    come(asks("I am away", to=home(asked), message_id="2@x", Auto_Submitted="auto-replied"), LATER)
    asked.refresh_from_db()
    assert (asked.status, asked.messages.filter(automatic=True).count()) == ("solved", 1)


def test_a_merged_ticket_hears_where_it_went(asked: Ticket) -> None:
    other = where(come(asks("Other", sender="desk@bright.example", message_id="2@x")))
    Ticket.objects.filter(pk=other.pk).update(merged_into=asked)
    assert where(come(asks("More", sender="desk@bright.example", message_id="3@x", References="<2@x>"))) == asked


@pytest.mark.parametrize("handle", ["sofia@nordwind.example", "@nordwind.example"])
def test_blocked_senders_begin_nothing(sofia: Contact, handle: str) -> None:
    BlockedSender.objects.create(channel="email", handle=handle, at=NOON)
    payload = come(asks())
    assert (payload.state, payload.note) == ("ignored", "Its sender is blocked.")
    assert not Ticket.objects.exists()


def test_conversations_come_first_and_other_mail_stays_theirs(asked: Ticket, sofia: Contact) -> None:
    thread = MailThread.objects.create(account=sofia.account, contact=sofia, subject="Seats")
    both = f"{rules.with_token(OWN, 't', thread.token)}, {DESK}"
    come(asks("Two", to=both, message_id="2@x"))
    come(asks("Three", to=OWN, message_id="3@x"))
    assert Mail.objects.get(message_id="2@x").thread == thread
    assert Mail.objects.filter(message_id="3@x").exists()
    assert Ticket.objects.count() == 1


# From colleagues ------------------------------------------------------------------------------------------------------


def test_a_colleague_who_answers_leaves_a_note(asked: Ticket, sam: User) -> None:
    payload = come(asks("Paid today.\r\n\r\n> quoted", sender=sam.email, to=home(asked), message_id="2@x"), LATER)
    note = TicketMessage.objects.get(payload=payload)
    assert (note.kind, note.user, note.text, note.ticket) == ("note", sam, "Paid today.", asked)
    assert not note.proven  # whoever was answered knows the address with the token, and can write any sender
    asked.refresh_from_db()
    assert (asked.answered_at, asked.messages.filter(kind="out").count()) == (None, 0)
    assert come(asks("Paid today.", sender=sam.email, to=home(asked), message_id="2@x")).state == "ignored"


FORWARDS = {
    "gmail": "Please help\r\n\r\n---------- Forwarded message ---------\r\nFrom: Paul Ek <Paul@Kelp.example>\r\n"
    "Date: Mon, Jun 1, 2026 at 10:00 AM\r\nSubject: No login\r\nTo: <mira@crm.example>\r\n\r\nI cannot sign in.",
    "apple": "Please help\r\n\r\nBegin forwarded message:\r\n\r\n> From: Paul Ek <paul@kelp.example>\r\n"
    "> Subject: No login\r\n> Date: 1 June 2026\r\n> To: mira@crm.example\r\n>\r\n> I cannot sign in.",
    "outlook": "Please help\r\n\r\n________________________________\r\nVon: Paul Ek [mailto:paul@kelp.example]\r\n"
    "Gesendet: Montag, 1. Juni 2026\r\nAn: Mira\r\nBetreff: No login\r\n\r\nI cannot sign in.",
}


@pytest.mark.parametrize("program", FORWARDS)
def test_what_a_colleague_forwards_is_the_customers(sam: User, program: str) -> None:
    kelp = factories.account("Kelp")
    paul = factories.contact(kelp, first_name="Paul", last_name="Ek", email="paul@kelp.example")
    come(asks(FORWARDS[program], sender=sam.email, subject="WG: No login"))
    ticket = Ticket.objects.get()
    assert (ticket.contact, ticket.subject, ticket.created_by) == (paul, "No login", sam)
    message, note = ticket.messages.get(kind="in"), ticket.messages.get(kind="note")
    assert (message.text, message.proven, note.text, note.user) == ("I cannot sign in.", False, "Please help", sam)
    assert not OutboundMessage.objects.exists()  # nobody knows that they wrote to the desk


def test_a_mail_forwarded_as_a_file(sam: User) -> None:
    inner = asks("I cannot sign in.", sender="paul@kelp.example", subject="No login", message_id="p@k").decode()
    parts = f"--b\r\nContent-Type: text/plain\r\n\r\nSee\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--"
    come(asks(parts, sender=sam.email, Content_Type="multipart/mixed; boundary=b"))
    ticket = Ticket.objects.get()
    assert (ticket.requester_handle, ticket.subject, ticket.messages.get(kind="in").text) == (
        "paul@kelp.example", "No login", "I cannot sign in.",
    )  # fmt: skip


def test_what_a_colleague_asks_is_their_own(sam: User) -> None:
    come(asks("From: here\r\nTo: there\r\nNothing is forwarded", sender=sam.email))
    assert Ticket.objects.get().requester_handle == sam.email


# Whatever the bytes are -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"To: help@crm.example\r\n\r\nhello",
        b"From: \xff\xfe <@>\r\nTo: help@crm.example\r\nSubject: =?utf-9?Q?=00?=\r\n\r\n\x00\xff",
        b"From: a@b.example\r\nTo: help@crm.example\r\nContent-Type: text/plain; charset=klingon\r\n\r\n\xe9",
        b"From: a@b.example\r\nTo: help@crm.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        + b"--x\r\n" * 9000,
        b"From: a@b.example\r\nTo: help@crm.example\r\nReferences: " + b"<a@b> " * 5000 + b"\r\n\r\nhi",
    ],
)  # fmt: skip
def test_hostile_mail_is_a_ticket_like_others(raw: bytes) -> None:
    payload = come(raw)
    assert (payload.state, payload.error) == ("done", "")
    assert where(payload).subject


def test_of_what_is_too_large_the_beginning_is_kept(sofia: Contact) -> None:
    from crm.inbox import actions

    pk = actions.store("imap", "mail", "huge", asks(""), {}, NOON, size=90_000_000)
    actions.work(NOON)
    assert "90,000,000 bytes" in TicketMessage.objects.get(payload=pk, kind="in").text
