"""A customer and the desk, over real servers: asked by SMTP, read by IMAP, acknowledged, answered, asked again, solved,
and asked how it was, until the figures have moved; the same in chats and from a public form; and machines that answer
machines come to an end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pytest
import telegram
from django.test import Client
from pywa import WhatsApp
from pywa.types import Message

from crm.accounts.models import Contact, ContactHandle
from crm.forms.models import Asked, PublicForm
from crm.inbox.models import InboundPayload, InboxSettings
from crm.outbox.models import MailPolicy, OutboundMessage
from crm.team.models import User
from crm.tickets.actions.answering import Written, write
from crm.tickets.models import Ticket, TicketMessage, TicketRating, TicketSettings
from crm.tickets.rules.rating import ASKED_AFTER
from crm.web import clock
from tests import factories
from tests.crm.inbox.chats import from_meta, from_telegram, wa_text, whatsapp
from tests.crm.outbox.provider import Provider, point_at, provider
from tests.journeys.world import Desk, World

pytestmark = [pytest.mark.django_db(transaction=True)]
DESK, SOFIA, ROBOT = "help@crm.example", "sofia@nordwind.example", "robot@dumb.example"


@pytest.fixture
def world(settings: Any, transactional_db: None) -> Iterator[World]:
    world = World()
    settings.EMAIL_URL, settings.IMAP_URL = world.url, world.ours.url
    settings.DEFAULT_FROM_EMAIL = "Support <hello@crm.example>"
    InboxSettings.objects.create(pk=1, address="inbox@crm.example")
    TicketSettings.objects.create(pk=1, addresses=[DESK])
    MailPolicy.objects.update_or_create(pk=1, defaults={"mode": "live"})
    yield world
    world.close()


@pytest.fixture
def sofia(world: World) -> Contact:
    account = factories.account("Nordwind Logistics")
    return factories.contact(account, first_name="Sofia", last_name="Lindqvist", email=SOFIA)


def words(mail: EmailMessage) -> str:
    return str(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]


@pytest.fixture
def desk(world: World, sam: User) -> Desk:
    return Desk(world, sam)


def test_from_a_mail_to_the_figures(world: World, sofia: Contact, desk: Desk) -> None:
    assert "Nothing happened in these days" in desk.shows("/tickets/insight/").content.decode()
    world.send(f"Sofia <{SOFIA}>", DESK, "The export stops.", "Export times out")
    world.pass_by()
    ticket = Ticket.objects.get()
    (acknowledged,) = world.theirs[SOFIA]
    assert f"#{ticket.pk}" in words(acknowledged)

    desk.answers(ticket, "Which file?")
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
    assert len(world.theirs[SOFIA]) == 2

    solved_and_rated(world, desk, ticket)
    assert [one.status for one in ticket.spells.order_by("pk")] == ["new", "pending", "open", "solved"]
    world.send(SOFIA, world.theirs[SOFIA][2]["Reply-To"], "It stops again.", "Re: How did we do?")
    world.pass_by()
    ticket.refresh_from_db()
    assert (ticket.status, desk.figures.reopened.words) == ("open", "1")


def solved_and_rated(world: World, desk: Desk, ticket: Ticket) -> None:
    """It is solved; some time later Sofia is asked by mail, looks, and answers; each time the figures are looked at."""
    world.pass_by(60)
    before = desk.figures
    assert (before.opened.words, before.solve.words, before.csat.words) == ("1", "", "")
    assert "Sofia Lindqvist" in desk.shows(before.answer.url).content.decode()

    had = len(world.theirs.get(SOFIA, []))
    desk.does(ticket, "status", status="solved")
    world.pass_by(int(ASKED_AFTER.total_seconds()) - 1)
    assert len(world.theirs.get(SOFIA, [])) == had
    world.pass_by(1)
    (question,) = world.theirs[SOFIA][had:]
    assert (question["Subject"], question["Auto-Submitted"]) == (f"How did we do? {ticket.subject}", "auto-generated")
    link = re.search(r"Very good: https?://[^/]+(/rate/\S+)", words(question))[1]  # type: ignore[index]

    anybody, rating = Client(enforce_csrf_checks=True), TicketRating.objects.get(ticket=ticket)
    with clock.travelling(world.now):
        page = anybody.get(link)
        assert (page.status_code, page.context["form"]["score"].initial) == (200, "5")
        rating.refresh_from_db()
        assert (rating.score, rating.answered_at, page.cookies) == (None, None, {})
        assert desk.figures.csat.words == ""
        assert anybody.post(link.partition("?")[0], {"score": "5", "comment": "Quick"}).status_code == 302

    after = desk.figures
    assert (after.solve.count, after.csat.words, after.csat.second) == (1, "100 %", "1 answer")
    assert ticket.subject in desk.shows(after.solve.url).content.decode()
    ratings = desk.shows(after.csat.url).content.decode()
    for name in ("5 of 5", "Quick", ticket.subject, "Sofia Lindqvist", "Nordwind Logistics", "solved by Sam"):
        assert name in ratings, name


@pytest.fixture
def chats(world: World, settings: Any) -> Iterator[Provider]:
    with provider() as stands:
        point_at(settings, stands)
        settings.DEFAULT_FROM_EMAIL = "Support <hello@crm.example>"
        yield stands


def by_telegram(text: str, number: int, now: Any) -> None:
    """As its own library makes it."""
    sender, private = telegram.User(4242, "Sofia", False, last_name="Lindqvist"), telegram.Chat(4242, "private")
    said = telegram.Message(number, now, private, from_user=sender, text=text)
    assert from_telegram(telegram.Update(number, message=said).to_json()).status_code == 200


def by_whatsapp(text: str, number: int, now: Any) -> None:
    """Its own library only reads what comes in: it reads the same."""
    request = whatsapp(wa_text(f"wamid.{number}", text, timestamp=str(int(now.timestamp()))))
    theirs = Message.from_update(WhatsApp(phone_id="777", token="x", server=None), request)
    assert (theirs.id, theirs.text, theirs.timestamp) == (f"wamid.{number}", text, now.replace(microsecond=0))
    assert from_meta("whatsapp", request).status_code == 200


@pytest.mark.parametrize(
    ("channel", "say", "said"),
    [
        ("telegram", by_telegram, lambda got: (got["chat_id"], got["text"])),
        ("whatsapp", by_whatsapp, lambda got: (got["to"], got["text"]["body"])),
    ],
)
def test_from_a_chat_to_the_figures(
    world: World, sofia: Contact, desk: Desk, chats: Provider, channel: str, say: Callable[..., None],
    said: Callable[[Any], tuple[str, str]],
) -> None:  # fmt: skip
    sofia.phone = "+49 151 12345678"
    sofia.save()
    ContactHandle.objects.create(contact=sofia, channel="telegram", handle="4242")
    handle = {"telegram": "4242", "whatsapp": "4915112345678"}[channel]
    say("The export stops.", 1, world.now)
    world.pass_by()
    ticket = Ticket.objects.get()
    assert (ticket.channel, ticket.contact, ticket.status) == (channel, sofia, "new")
    (acknowledged,) = chats.got
    assert said(acknowledged.json)[0] == handle
    assert f"#{ticket.pk}" in said(acknowledged.json)[1]

    desk.answers(ticket, "Which **file**?")
    world.pass_by()
    assert said(chats.got[1].json) == (handle, "Which file?")
    say("All of them.", 2, world.now)
    world.pass_by()
    ticket.refresh_from_db()
    assert (ticket.status, [one.text for one in ticket.messages.filter(kind="in").order_by("pk")]) == (
        "open", ["The export stops.", "All of them."],
    )  # fmt: skip
    solved_and_rated(world, desk, ticket)
    assert len(chats.got) == 2  # one is asked by mail
    by_channel = desk.shows("/tickets/insight/?by=channel").context["lines"]
    assert [line.csat.words for line in by_channel] == ["100 %"]


def test_asked_by_a_form(world: World, sofia: Contact, sam: User) -> None:
    asked = [Asked("contact.email", "E-mail", required=True), Asked("ticket.subject", "Subject"),
             Asked("message", "Your message", required=True)]  # fmt: skip
    form = PublicForm.objects.create(
        name="Ask us", title="Ask us", slug="help", outcome="ticket", fields=[one.kept() for one in asked]
    )
    with clock.travelling(world.now):
        page = Client().get(form.get_absolute_url())
    given = {"contact.email": SOFIA, "ticket.subject": "Seats", "message": "Two more"}
    given["token"] = page.context["form"]["token"].value()
    world.pass_by()
    with clock.travelling(world.now):
        assert Client().post(form.get_absolute_url(), given).status_code == 302
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
