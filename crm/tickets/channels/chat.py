"""Chats become tickets: one conversation for each person, whatever they write by.

What comes from somewhere goes on with the ticket that is open there. Else, if whoever writes is on record and asked
something elsewhere in these days, or we answered them here, it goes on with that one, and the answer leaves where they
wrote last. Else it opens again what was solved lately, or begins a ticket.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from crm.accounts.models import Contact
from crm.inbox.channels import chat as chats
from crm.inbox.channels.chat import Chat
from crm.outbox import receipts
from crm.outbox.channels.whatsapp import CLOSED
from crm.outbox.suppressing import heard_again
from crm.slots import Arrived, Handled
from crm.tickets.acknowledging import acknowledge
from crm.tickets.actions.hearing import NewTicket, begin, hear
from crm.tickets.actions.requesting import choose
from crm.tickets.actions.saying import Said
from crm.tickets.channels import media
from crm.tickets.channels.handles import know, linked, person_of
from crm.tickets.models import OPEN, BlockedSender, Ticket, TicketMessage, TicketSettings
from crm.web import clock
from crm.web.locks import take_turns

#: So long after anything happened in a ticket, its customer goes on with it from another channel.
GOES_ON_FOR = timedelta(days=3)
#: What is solved opens again for so long where nothing closes tickets by itself.
REOPENS_FOR = timedelta(days=7)
#: Before the key of what was said in public: it opens no conversation (see `chat_ways`).
PUBLIC = "public:"

_HELLO = "/start"


def receive(arrived: Arrived, now: datetime) -> Handled:
    """The handler of one message of a chat, in the inbox's transaction."""
    chat = chats.message(arrived)
    names = chats.named(chat)
    take_turns(f"chat:{chat.channel}:{chat.handle}")  # two at once must not begin two tickets
    if BlockedSender.objects.filter(channel=chat.channel, handle=chat.handle).exists():
        return Handled("Its sender is blocked.", ignored=True, addresses=names)
    heard_again(f"{chat.channel}:{chat.handle}")
    if chat.link:
        note = _introduced(chat, now)
        return Handled(note, ignored=chat.link == _HELLO, addresses=names)
    person = person_of(chat, now)
    if person:  # they may write on two channels at once
        take_turns(f"chat:contact:{person.pk}")
    key = f"{PUBLIC}{chat.key}" if chat.is_public else chat.key
    said = Said(
        chat.text, chat.channel, chat.at, person, chat.name, chat.handle, key=key[:255], payload_id=arrived.id
    )  # fmt: skip
    ticket = _goes_on(chat, person, now)
    if ticket is None:
        row = begin(NewTicket("", said), now)
        message = row.messages.get(channel=chat.channel, external_key=said.key)
        media.expect(message, chats.store_media(chat, message.pk, arrived.source, now))
        acknowledge(row, message, now)
        return Handled(f"Ticket #{row.pk} begins.", addresses=names)
    if person and ticket.contact_id is None:
        choose(ticket, person, None, now)
    message = hear(ticket, said, now)
    media.expect(message, chats.store_media(chat, message.pk, arrived.source, now))
    return Handled(f"Ticket #{message.ticket_id}.", addresses=names)


def _goes_on(chat: Chat, person: Contact | None, now: datetime) -> Ticket | None:
    """The ticket that this belongs to; None: it begins another one."""
    rows = Ticket.objects.filter(is_spam=False, merged_into=None).order_by("-updated_at", "-pk")
    theirs = Q(contact=None) | Q(contact=person) if person else Q()
    here = rows.filter(theirs, reply_channel=chat.channel, requester_handle=chat.handle)
    if found := here.filter(status__in=OPEN).first():
        return found
    if person and not chat.is_public:  # nobody could answer there
        answered = TicketMessage.objects.filter(
            ticket=OuterRef("pk"), kind=TicketMessage.Kind.OUT, channel=chat.channel, called_off_at=None
        )  # fmt: skip
        lately = Q(updated_at__gte=now - GOES_ON_FOR) | Exists(answered)
        elsewhere = rows.filter(lately, contact=person, status__in=OPEN)
        if found := elsewhere.first():
            return found
    days = TicketSettings.the_only().closes_after_days
    since = now - (timedelta(days=days) if days else REOPENS_FOR)
    return here.filter(status=Ticket.Status.SOLVED, solved_at__gte=since).first()


def _introduced(chat: Chat, now: datetime) -> str:
    """Somebody followed a link to the bot: their own, if it says so, and what they asked before is theirs too."""
    person = linked(chat.link, clock.today(now))
    if person is None:
        return "Somebody began to talk to the bot."
    know(person, chat.channel, chat.handle, chat.name, None, now)
    asked = Ticket.objects.filter(reply_channel=chat.channel, requester_handle=chat.handle, contact=None)
    for ticket in asked.filter(status__in=OPEN, merged_into=None):
        choose(ticket, person, None, now)
    return f"{person} followed their link: this chat is theirs."


def receipt(arrived: Arrived, now: datetime) -> Handled:
    """The handler of what a provider says of a message of ours."""
    said = chats.receipt(arrived)
    message = receipts.received(
        said.channel, said.status, said.at, now, provider_id=said.provider_id, message_id=said.message_id,
        reason=_because(said),
    )  # fmt: skip
    if message is None:
        return Handled("It is about no message of ours.", ignored=True)
    return Handled(f"Message {message.pk}: {said.status}.")


def _because(said: chats.Receipt) -> str:
    remedy = " Use a template, or answer by mail." if said.code in CLOSED else ""
    return f"{said.reason}{remedy}".strip()[:200]
