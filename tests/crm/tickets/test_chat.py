"""Chats become tickets, and answers find their way back by the rules of each channel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import telegram

from crm.accounts.models import Contact, ContactHandle
from crm.inbox.models import InboundPayload
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.tickets.actions.hearing import NewTicket, begin
from crm.tickets.actions.requesting import choose
from crm.tickets.actions.saying import Said, TicketError
from crm.tickets.actions.turning import set_status
from crm.tickets.channels.chat import GOES_ON_FOR, REOPENS_FOR
from crm.tickets.channels.chat_ways import WINDOW, plain
from crm.tickets.models import Ticket, TicketMessage
from tests.conftest import NOON
from tests.crm.inbox.chats import from_meta, from_telegram, ig_text, instagram, wa_text, whatsapp, work
from tests.crm.outbox.provider import Provider
from tests.crm.tickets.chatting import TICK, answer, leave, says, writes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("other_side")]


def test_a_story_on_telegram(sofia: Contact, sam: User, other_side: Provider) -> None:
    sender, private = telegram.User(4242, "Sofia", False, last_name="Lindqvist"), telegram.Chat(4242, "private")
    said = telegram.Message(1, NOON, private, from_user=sender, text="The export stops.")
    from_telegram(telegram.Update(1, message=said).to_json())
    work()
    ticket = Ticket.objects.get()
    assert (ticket.channel, ticket.contact, ticket.requester_name, ticket.requester_handle, ticket.subject) == (
        "telegram", None, "Sofia Lindqvist", "4242", "The export stops.",
    )  # fmt: skip
    choose(ticket, sofia, sam, NOON)
    assert ContactHandle.holder("telegram", "4242") == sofia
    answer(ticket, sam, "It is **lifted**, see [the news](https://us.example/n).")
    leave(NOON + TICK)
    assert other_side.got == []  # it can still be called off
    leave(NOON + 10 * TICK)
    assert [one.json for one in other_side.got] == [
        {"chat_id": "4242", "text": "It is lifted, see the news (https://us.example/n)."}
    ]
    says("Thank you!", 2, NOON + 60 * TICK)
    last = ticket.messages.order_by("pk").last()
    assert last is not None
    assert (last.kind, last.text) == ("in", "Thank you!")
    assert Ticket.objects.count() == 1
    assert TicketMessage.objects.get(text="Thank you!").contact == sofia
    sofia.refresh_from_db()
    assert sofia.automation_paused_until is not None
    assert set(InboundPayload.objects.values_list("state", flat=True)) == {"done"}


def test_a_story_on_whatsapp_whose_number_is_on_record(known: Contact, sam: User, other_side: Provider) -> None:
    writes()
    ticket = Ticket.objects.get()
    assert (ticket.contact, ticket.account) == (known, known.account)
    assert ContactHandle.objects.get(channel="whatsapp").handle == "4915112345678"
    message = answer(ticket, sam)
    leave(NOON + 10 * TICK)
    (got,) = other_side.got
    assert got.json["text"]["body"] == "It is lifted."
    statuses = [{"id": "wamid.out1", "status": "read", "timestamp": "1", "recipient_id": "4915112345678"}]
    from_meta("whatsapp", whatsapp(statuses=statuses))
    work()
    assert message.outbound is not None
    assert message.outbound.decisions.filter(verdict="read").exists()


def test_said_twice_it_is_one_and_what_is_said_at_once_is_one_ticket() -> None:
    from_meta("whatsapp", whatsapp(wa_text("wamid.1", "Hello"), wa_text("wamid.2", "The export stops")))
    from_meta("whatsapp", whatsapp(wa_text("wamid.2", "The export stops")))
    work()
    ticket = Ticket.objects.get()
    assert [one.text for one in ticket.messages.order_by("pk")] == ["Hello", "The export stops"]
    InboundPayload.objects.update(state="new", tries=0, handled_at=None)
    work()
    assert TicketMessage.objects.count() == 2


@pytest.mark.parametrize(("late", "tickets"), [(timedelta(0), 1), (TICK, 2)])
def test_one_conversation_across_channels(
    known: Contact, sam: User, other_side: Provider, late: timedelta, tickets: int
) -> None:
    mailed = Said("It stops.", "email", NOON, contact=known, handle="sofia@nordwind.example", key="a@b")
    ticket = begin(NewTicket("Export", mailed), NOON)
    at = NOON + GOES_ON_FOR + late
    says("Still stops.", at=at)
    assert Ticket.objects.count() == tickets
    ticket.refresh_from_db()
    if late:
        assert ticket.reply_channel == "email"
        return
    assert (ticket.reply_channel, ticket.requester_handle, ticket.channel) == ("telegram", "4242", "email")
    writes("And here?", at=at + TICK)
    ticket.refresh_from_db()
    assert (ticket.reply_channel, ticket.requester_handle) == ("whatsapp", "4915112345678")
    says("Here again.", 2, at=at + 2 * TICK)
    answer(Ticket.objects.get(), sam, at=at + 3 * TICK)
    leave(at + 13 * TICK)
    assert [one.path for one in other_side.got] == ["/bot1:token/sendMessage"]


@pytest.mark.parametrize(("late", "tickets"), [(timedelta(0), 1), (TICK, 2)])
def test_what_was_solved_lately_opens_again(sam: User, late: timedelta, tickets: int) -> None:
    says()
    ticket = Ticket.objects.get()
    set_status(ticket, "solved", sam, NOON)
    says("Again.", 2, NOON + REOPENS_FOR + late)
    assert Ticket.objects.count() == tickets
    ticket.refresh_from_db()
    assert ticket.status == ("solved" if late else "open")


@pytest.mark.parametrize("channel", ["whatsapp", "instagram"])
def test_after_a_day_free_text_is_refused_with_what_can_be_done(
    sam: User, settings: Any, other_side: Provider, channel: str
) -> None:
    if channel == "whatsapp":
        writes(at=NOON)
    else:
        from_meta("instagram", instagram(ig_text()))
        work()
    ticket = Ticket.objects.get()
    answer(ticket, sam, "On the edge", NOON + WINDOW)
    with pytest.raises(TicketError, match=r"24 hours after the customer's last message.*Answer by mail"):
        answer(ticket, sam, "Too late", NOON + WINDOW + timedelta(microseconds=1))
    assert OutboundMessage.objects.count() == 1
    leave(NOON + WINDOW + 10 * TICK)  # it was written in time, and would leave too late
    assert (OutboundMessage.objects.get().state, OutboundMessage.objects.get().guard) == ("skipped", "window")
    assert other_side.got == []
    settings.WHATSAPP_TEMPLATE = "answer:de"
    if channel == "whatsapp":
        answer(ticket, sam, "As a template", NOON + WINDOW + TICK)
        leave(NOON + WINDOW + 20 * TICK)
        assert other_side.got[0].json["template"]["name"] == "answer"


def test_a_comment_opens_no_conversation(sam: User, sofia: Contact) -> None:
    value = {"id": "c.1", "from": {"id": "555", "username": "sofia.l"}, "text": "Broken again"}
    request = instagram()
    request["entry"][0]["changes"] = [{"field": "comments", "value": value}]
    from_meta("instagram", request)
    work()
    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.requester_name) == ("[Comment] Broken again", "sofia.l")
    with pytest.raises(TicketError, match="they have written none"):
        answer(ticket, sam)
    ContactHandle.objects.create(contact=sofia, channel="instagram", handle="556")
    begin(NewTicket("Export", Said("It stops.", "email", NOON, contact=sofia, handle="s@n.example", key="a@b")), NOON)
    value |= {"id": "c.2", "from": {"id": "556", "username": "sofia.l"}}
    from_meta("instagram", request)
    work()
    assert Ticket.objects.count() == 3  # the mails' ticket goes on by mail


def test_what_a_channel_does_not_take_is_refused_before_it_is_written(sam: User) -> None:
    says()
    ticket = Ticket.objects.get()
    with pytest.raises(TicketError, match="this has 4 too many"):
        answer(ticket, sam, "x" * 4100)
    assert not OutboundMessage.objects.exists()
    assert not ticket.messages.filter(kind="out").exists()


def test_a_channel_that_is_not_set_up_says_so(sam: User, settings: Any) -> None:
    says()
    settings.TELEGRAM_TOKEN = ""
    with pytest.raises(TicketError, match="Telegram is not set up"):
        answer(Ticket.objects.get(), sam)


def test_markdown_reads_well_without_its_marks() -> None:
    assert plain("**Bold** and __so__, 2 ** 3, [x](https://a.b/c) _this_") == (
        "Bold and so, 2 ** 3, x (https://a.b/c) _this_"
    )
