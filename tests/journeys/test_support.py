"""A customer and the desk, over real servers: asked by SMTP, read by IMAP, acknowledged, answered, asked again, solved;
the same from a public form; and machines that answer machines come to an end."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from crm.accounts.models import Contact
from crm.inbox import actions as inbox
from crm.inbox.channels import imap
from crm.inbox.models import InboundPayload, InboxSettings
from crm.outbox import actions as outbox
from crm.outbox.models import MailPolicy, OutboundMessage
from crm.team.models import User
from crm.tickets.actions.answering import Written, write
from crm.tickets.actions.turning import set_status
from crm.tickets.models import Ticket, TicketForm, TicketMessage, TicketSettings
from tests import factories
from tests.conftest import NOON
from tests.crm.inbox.test_channels import Imap
from tests.journeys.stage import AnyPort

pytestmark = [pytest.mark.django_db(transaction=True)]
DESK, SOFIA, ROBOT = "help@crm.example", "sofia@nordwind.example", "robot@dumb.example"


class World:
    """The mail server of everybody: what is for us lies in a mailbox that is read by IMAP, all else with its reader."""

    def __init__(self) -> None:
        self.ours, self.theirs = Imap(), dict[str, list[EmailMessage]]()
        self.smtp = AnyPort(self, hostname="127.0.0.1", port=0)
        self.smtp.start()
        self.now = NOON

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.original_content, policy=policy.default)
        for to in envelope.rcpt_tos:
            if to.endswith("@crm.example"):
                self.ours.mails[len(self.ours.mails) + 1] = envelope.original_content
            else:
                self.theirs.setdefault(to, []).append(message)  # type: ignore[arg-type]
        return "250 taken"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.smtp.port}"

    def send(self, sender: str, to: str, text: str, subject: str, **headers: str) -> None:
        mail = EmailMessage()
        named = {"From": sender, "To": to, "Subject": subject, "Message-ID": f"<{uuid4().hex}@x.example>",
                 "Date": f"{self.now:%a, %d %b %Y %H:%M:%S} +0000"}  # fmt: skip
        for name, value in (named | {name.replace("_", "-"): value for name, value in headers.items()}).items():
            mail[name] = value
        mail.set_content(text)
        with smtplib.SMTP("127.0.0.1", self.smtp.port) as client:
            client.send_message(mail)

    def pass_by(self, seconds: int = 11) -> None:
        """So much time in which all workers do their work."""
        self.now += timedelta(seconds=seconds)
        imap.look(self.now)
        while inbox.work(self.now):
            pass
        while outbox.work(self.now):
            pass

    def close(self) -> None:
        self.smtp.stop()
        self.ours.close()


@pytest.fixture
def world(settings: Any, transactional_db: None) -> Iterator[World]:
    world = World()
    settings.EMAIL_URL, settings.IMAP_URL = world.url, world.ours.url
    settings.DEFAULT_FROM_EMAIL = "Support <hello@crm.example>"
    InboxSettings.objects.create(pk=1, address="inbox@crm.example")
    TicketSettings.objects.create(pk=1, addresses=[DESK], asks_for_rating=False)
    MailPolicy.objects.update_or_create(pk=1, defaults={"mode": "live"})
    yield world
    world.close()


@pytest.fixture
def sofia(world: World) -> Contact:
    account = factories.account("Nordwind Logistics")
    return factories.contact(account, first_name="Sofia", last_name="Lindqvist", email=SOFIA)


def words(mail: EmailMessage) -> str:
    return str(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]


def test_asked_acknowledged_answered_asked_again_and_solved(world: World, sofia: Contact, sam: User) -> None:
    world.send(f"Sofia <{SOFIA}>", DESK, "The export stops.", "Export times out")
    world.pass_by()
    ticket = Ticket.objects.get()
    (acknowledged,) = world.theirs[SOFIA]
    assert f"#{ticket.pk}" in words(acknowledged)

    write(ticket, Written(uuid4(), "Which file?", then="pending"), sam, world.now)
    world.pass_by()
    answer = world.theirs[SOFIA][1]
    assert (answer["Subject"], words(answer).splitlines()[0]) == ("Re: Export times out", "Which file?")

    quoted = "\n".join(f"> {line}" for line in words(answer).splitlines())
    text, chain = f"All of them.\n\nSam wrote:\n{quoted}", f"{answer['References']} {answer['Message-ID']}"
    world.send(f"Sofia <{SOFIA}>", answer["Reply-To"], text, str(answer["Subject"]),
               In_Reply_To=answer["Message-ID"], References=chain)  # fmt: skip
    world.pass_by()
    ticket.refresh_from_db()
    message = ticket.messages.filter(kind="in").latest("pk")
    assert (message.fresh.strip(), message.proven, ticket.status) == ("All of them.", True, "open")
    assert "Which file?" in message.quoted

    set_status(ticket, "solved", sam, world.now)
    world.pass_by()
    assert len(world.theirs[SOFIA]) == 2
    assert [one.status for one in ticket.spells.order_by("pk")] == ["new", "pending", "open", "solved"]


def test_asked_by_a_form(world: World, sofia: Contact, sam: User) -> None:
    form = TicketForm.objects.create(name="Ask us", slug="help", shown=["subject"])
    page = Client().get(form.get_absolute_url())
    token = page.context["form"]["token"].value()
    Client().post(form.get_absolute_url(), {"email": SOFIA, "subject": "Seats", "text": "Two more", "token": token})
    world.pass_by()
    ticket = Ticket.objects.get()
    write(ticket, Written(uuid4(), "They are yours."), sam, world.now)
    world.pass_by()
    acknowledged, answer = world.theirs[SOFIA]
    assert (answer["Subject"], answer["In-Reply-To"]) == ("Re: Seats", acknowledged["Message-ID"])
    world.send(SOFIA, answer["Reply-To"], "Thank you.", "Re: Seats")
    world.pass_by()
    assert ticket.messages.filter(kind="in", channel="email").get().text == "Thank you."


@pytest.mark.parametrize("home", ["Reply-To", "From"])
def test_a_machine_that_answers_everything_is_answered_once(world: World, home: str) -> None:
    """It looks at no header, and says of itself nothing."""
    world.send(ROBOT, DESK, "I am a machine.", "Hello")
    for _ in range(12):
        world.pass_by(60)
        while world.theirs.get(ROBOT):
            mail = world.theirs[ROBOT].pop()
            to = mail[home] if home == "Reply-To" else DESK
            world.send(ROBOT, str(to), "Thank you for your mail.", "Your mail")
    assert TicketMessage.objects.filter(kind="auto").count() == 1
    assert OutboundMessage.objects.count() == 1


def test_two_desks_stop_at_once(world: World, settings: Any) -> None:
    """Our own kind on the other side, which has never seen anything of us, nor remembers what it said itself."""
    here, there = (DESK, "inbox@crm.example"), ("desk@other.example", "inbox@other.example")
    world.send("desk@other.example", DESK, "Hello", "Hello")
    said = 0
    for turn in range(6):
        world.pass_by(60)
        said += OutboundMessage.objects.count()
        for rows in (Ticket, OutboundMessage, InboundPayload):  # whoever is next knows nothing
            rows.objects.all().delete()
        address, own = (here, there)[(turn + 1) % 2]
        settings.BASE_URL = f"https://{address.partition('@')[2]}"
        TicketSettings.objects.update(addresses=[address])
        InboxSettings.objects.update(address=own)
        settings.DEFAULT_FROM_EMAIL = address
        for mail in world.theirs.pop("desk@other.example", []):
            world.ours.mails[len(world.ours.mails) + 1] = bytes(mail).replace(
                b"To: desk@other.example", b"To: " + address.encode()
            )
    assert said == 1
