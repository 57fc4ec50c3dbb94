"""An answer leaves where its writer says, if whoever asks is known there; and what does not fit is refused at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile

from crm.accounts.models import Contact, ContactHandle
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.tickets import delivering
from crm.tickets.actions.answering import Written, write
from crm.tickets.actions.saying import TicketError
from crm.tickets.channels.chat import GOES_ON_FOR
from crm.tickets.channels.chat_ways import WINDOW
from crm.tickets.models import Ticket
from tests.conftest import NOON
from tests.crm.outbox.provider import Provider
from tests.crm.tickets.chatting import TICK, answer, leave, says, writes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("other_side")]


@pytest.fixture(autouse=True)
def mail(settings: Any) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"


def to(ticket: Ticket) -> list[tuple[str, str]]:
    return [(one.channel, one.handle) for one in delivering.ways_to(Ticket.objects.get(pk=ticket.pk))]


def test_where_somebody_is_known_and_what_is_set_up(
    ticket: Ticket, known: Contact, settings: Any, django_assert_max_num_queries: Any
) -> None:
    ContactHandle.objects.create(contact=known, channel="whatsapp", handle="4915112345678")
    mail, chats = ("email", "sofia@nordwind.example"), [("whatsapp", "4915112345678"), ("telegram", "4242")]
    assert to(ticket) == [mail, *chats]
    Ticket.objects.update(channel="form", reply_channel="form")
    assert to(ticket) == [("form", "sofia@nordwind.example"), *chats]  # forms are answered by mail
    Ticket.objects.update(reply_channel="telegram", requester_handle="4242")
    assert to(ticket) == [("telegram", "4242"), mail, chats[0]]
    settings.WHATSAPP_TOKEN = settings.EMAIL_URL = ""
    assert to(ticket) == [("telegram", "4242")]
    row = Ticket.objects.select_related("contact").get()
    with django_assert_max_num_queries(1):
        delivering.ways_to(row)
    row.contact = None
    with django_assert_max_num_queries(0):
        assert len(delivering.ways_to(row)) == 1


def test_an_answer_leaves_where_its_writer_says(
    ticket: Ticket, known: Contact, sam: User, other_side: Provider
) -> None:  # fmt: skip
    said = answer(ticket, sam, "It is lifted.", channel="telegram")
    assert said.outbound is not None
    assert (said.channel, said.recipients) == ("telegram", [["Sofia Lindqvist", "4242"]])
    leave(NOON + 10 * TICK)
    assert [one.json["chat_id"] for one in other_side.got] == ["4242"]
    ticket.refresh_from_db()
    assert (ticket.reply_channel, ticket.requester_handle) == ("email", "sofia@nordwind.example")
    assert answer(ticket, sam).channel == "email"
    # Days later she answers there: it is the same conversation, and goes on where she wrote.
    says("Thank you!", 7, NOON + GOES_ON_FOR + timedelta(days=1))
    assert Ticket.objects.get().messages.filter(text="Thank you!").exists()
    assert Ticket.objects.get().reply_channel == "telegram"


def test_nobody_is_written_to_where_they_are_not_known(ticket: Ticket, known: Contact, sam: User) -> None:
    for channel in ("whatsapp", "instagram", "nonsense"):
        with pytest.raises(TicketError, match="is not known by"):
            answer(ticket, sam, channel=channel)
    assert not OutboundMessage.objects.exists()
    assert (
        write(ticket, Written(uuid4(), "Who is that?", is_note=True, channel="whatsapp"), sam, NOON).channel == "email"
    )


def test_its_own_rules_hold_where_it_leaves(known: Contact, ticket: Ticket, sam: User, settings: Any) -> None:
    """Nobody has written on WhatsApp: there is no day in which free text could leave."""
    ContactHandle.objects.create(contact=known, channel="whatsapp", handle="4915112345678")
    with pytest.raises(TicketError, match="24 hours"):
        answer(ticket, sam, channel="whatsapp")
    settings.WHATSAPP_TEMPLATE = "answer:en"
    assert answer(ticket, sam, channel="whatsapp").outbound.facts["template"] == "answer:en"  # type: ignore[union-attr]


def test_what_is_too_long_is_refused_as_it_would_leave(known: Contact, sam: User, settings: Any) -> None:
    writes()
    ticket = Ticket.objects.get()
    assert delivering.refusal(ticket, NOON, f"**{'x' * 4096}**") == ""  # marks do not leave
    assert "this has 1 too many" in delivering.refusal(ticket, NOON, "x" * 4097)
    with pytest.raises(TicketError, match="4 too many"):
        answer(ticket, sam, "x" * 4100)
    assert not OutboundMessage.objects.exists()
    settings.WHATSAPP_TEMPLATE = "answer:en"
    late = NOON + WINDOW + TICK
    assert "1,024 characters in a template; this has 1 too many" in delivering.refusal(ticket, late, "x" * 1025)
    assert "cannot be sent by WhatsApp in a template" in delivering.refusal(ticket, late, "x", [1])


def test_a_file_leaves_by_whatsapp(known: Contact, sam: User, other_side: Provider) -> None:
    writes()
    ticket = Ticket.objects.get()
    other_side.answers = [(200, {"id": "media-1"})]
    answer(ticket, sam, "Here is the log.", files=[ContentFile(b"boom", "log.txt")])
    leave(NOON + 10 * TICK)
    handed, sent = other_side.got
    assert (handed.path, handed.headers["authorization"]) == ("/777/media", "Bearer wa-token")
    for part in (b'name="messaging_product"\r\n\r\nwhatsapp', b'name="file"; filename="log.txt"', b"\r\n\r\nboom\r\n"):
        assert part in handed.body
    assert sent.path == "/777/messages"
    assert (sent.json["type"], sent.json["document"]) == (
        "document", {"id": "media-1", "caption": "Here is the log.", "filename": "log.txt"},
    )  # fmt: skip
    assert OutboundMessage.objects.get().state == "sent"


def test_a_file_that_whatsapp_did_not_take_can_be_tried_again(known: Contact, sam: User, other_side: Provider) -> None:
    """Nobody was written to yet: a silence is no uncertainty."""
    writes()
    other_side.answers = [(500, {})]
    answer(Ticket.objects.get(), sam, files=[ContentFile(b"boom", "log.txt")])
    leave(NOON + 10 * TICK)
    assert [one.path for one in other_side.got] == ["/777/media"]
    assert OutboundMessage.objects.get().state == "due"
