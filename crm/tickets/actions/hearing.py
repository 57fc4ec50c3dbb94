"""What customers say: a ticket begins, goes on, or is followed by another one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.accounts.models import Account, Contact
from crm.team.models import Team, User
from crm.tickets import clocks, delivering, moods, rules
from crm.tickets.actions import assigning
from crm.tickets.actions.saying import Said, keep, lock_where_it_goes_on, tell_timeline
from crm.tickets.actions.turning import begin_spell, pause_automation, turn
from crm.tickets.models import Ticket, TicketCategory, TicketMessage, TicketSpell
from crm.tickets.telling import Readers, tell_of
from crm.web.locks import take_turns

Status = Ticket.Status


@dataclass(frozen=True, slots=True)
class NewTicket:
    """What somebody wants. `key` makes the ticket once; `by` logs it for a caller."""

    subject: str
    said: Said
    account: Account | None = None  # without one, that of the contact who asks
    priority: int = Ticket.Priority.NORMAL
    category: TicketCategory | None = None
    assignee: User | None = None
    team: Team | None = None
    tags: tuple[str, ...] = ()
    custom: dict[str, Any] = field(default_factory=dict)
    copied: tuple[str, ...] = ()
    follows: Ticket | None = None
    key: str | None = None


@transaction.atomic
def begin(new: NewTicket, now: datetime, by: User | None = None) -> Ticket:
    """A ticket with its first message; one whose key is known stays as it is.

    News pauses what is automatic for whoever asks, goes onto the timeline, finds somebody to handle it and tells them.
    """
    said = new.said
    if known := _known(said, new.key):
        return known
    contact: Contact | None = said.contact
    row = Ticket.objects.create(
        subject=(new.subject.strip() or rules.subject_of(said.text))[:300], priority=new.priority,
        category=new.category, channel=said.channel, reply_channel=_way_back(said, new.follows),
        account=contact.account if contact else new.account, contact=contact, requester_name=said.name[:120],
        requester_handle=said.handle[:254], copied=list(new.copied), team=new.team, assignee=new.assignee,
        tags=list(new.tags), custom=new.custom, token=secrets.token_hex(10), created_at=now, updated_at=now,
        asked_at=None if said.automatic else said.at, follows=new.follows, created_by=by, key=new.key,
    )  # fmt: skip
    begin_spell(row, by, now)
    message = keep(row, said, now)
    news = is_news(said, now)
    if news:
        pause_automation(row, now)
    if row.assignee is None:
        assigning.choose(row, now)
    clocks.wind(row, now)
    if by is None:  # else these are words of ours
        moods.judge(row, message, now, news)
    row.save()
    _tell_timeline(row, message, "ticket.opened", "Ticket opened", now, by, news)
    if news:
        tell_handlers(row, f"New ticket: {row}", message, now, by)
    return row


@transaction.atomic
def hear(ticket: Ticket, said: Said, now: datetime) -> TicketMessage:
    """A message that belongs to it, which opens it again; after it was closed, another ticket follows with it.

    What its channel has brought before makes nothing, and the old message is returned.
    """
    if said.key:
        take_turns(f"ticket-message:{said.channel}:{said.key}")
        if known := TicketMessage.objects.filter(channel=said.channel, external_key=said.key).first():
            return known
    row = lock_where_it_goes_on(ticket)
    if row.status == Status.CLOSED:
        new = NewTicket(row.subject, said, row.account, row.priority, row.category, row.assignee, row.team, follows=row)
        return begin(new, now).messages.get()
    message = keep(row, said, now)
    row.updated_at = now
    news = is_news(said, now)
    if not said.automatic:  # what a machine says is shown, asks nothing, and leads no answer elsewhere
        _ask(row, said, now)
        turn(row, rules.after_customer(row.status), None, now, f"{message.sender} wrote")
    if news:
        pause_automation(row, now)
    moods.judge(row, message, now, news)
    row.save()
    _tell_timeline(row, message, "ticket.received", f"{message.sender} wrote", now, None, news)
    if news:
        tell_handlers(row, f"{message.sender} wrote in {row}", message, now, None)
    return message


def _ask(row: Ticket, said: Said, now: datetime) -> None:
    """It is a question of theirs: answers leave where it came from. The first one after a machine's starts clocks."""
    if row.asked_at is None:
        row.asked_at = said.at
        TicketSpell.objects.filter(ticket=row, status=Status.NEW, ended_at=None).update(began_at=now)
        clocks.wind(row, now)
    row.asked_at = max(row.asked_at, said.at)
    if said.channel in delivering.ways and _asks(row, said):
        row.reply_channel, row.requester_handle = said.channel, said.handle[:254] or row.requester_handle


def may_bring(channel: str, key: str | None, by: User) -> bool:
    """Whether a message that a program brings is new, or one that its user may see: `hear` gives a known one back."""
    rows = TicketMessage.objects.filter(channel=channel, external_key=key)
    return key is None or not rows.exists() or rows.visible_to(by).exists()


def _way_back(said: Said, follows: Ticket | None) -> str:
    """Answers leave where it was said; by a program, which takes none, where those of the ticket before it left."""
    return follows.reply_channel if follows and said.channel not in delivering.ways else said.channel


def _asks(row: Ticket, said: Said) -> bool:
    """Whether whoever asks said it themselves: where others write whom it concerns, too, no answer leaves for that."""
    return said.contact == row.contact if said.contact else said.handle == row.requester_handle


def _known(said: Said, key: str | None) -> Ticket | None:
    """The ticket that this has begun already; whoever comes second waits for the first."""
    if said.key:
        take_turns(f"ticket-message:{said.channel}:{said.key}")
    if key:
        take_turns(f"ticket:{key}")
    if key and (known := Ticket.objects.filter(key=key).first()):
        return known
    said_in = Ticket.objects.filter(messages__channel=said.channel, messages__external_key=said.key)
    return said_in.first() if said.key else None


def is_news(said: Said, now: datetime) -> bool:
    """Whether it sets anything off: not what a machine wrote, nor what is old."""
    return not said.automatic and now - said.at <= rules.NEWS_FOR


def _tell_timeline(
    row: Ticket, message: TicketMessage, kind: str, words: str, now: datetime, by: User | None, news: bool
) -> None:
    tell_timeline(
        row, kind, words, message.occurred_at, now, by=by, source="" if by else "customer", react=news,
        key=f"ticket-message:{message.pk}", note=message.fresh, channel=message.channel,
        contact_id=message.contact_id if message.contact and message.contact.account_id == row.account_id else None,
        message=message.pk, category=str(row.category or ""), priority=row.priority,
    )  # fmt: skip


def tell_handlers(row: Ticket, text: str, message: TicketMessage, now: datetime, by: User | None) -> None:
    """Whoever handles it, but not who did it."""
    url, key = f"{row.get_absolute_url()}#message-{message.pk}", f"ticket-message:{message.pk}"
    tell_of(row, Readers([row]).handlers(row), "ticket.received", text, now, url=url, key=key, by=by)
