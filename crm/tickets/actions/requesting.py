"""Who asks: somebody on record, or nobody yet."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from crm.accounts.models import Account, Contact
from crm.history.actions import act
from crm.history.models import Act
from crm.history.undoing import Undone
from crm.team.models import User
from crm.tickets import clocks, rules
from crm.tickets.actions.saying import TicketError, lock, tell_timeline
from crm.tickets.actions.turning import pause_automation
from crm.tickets.channels.handles import link_handle, unknow
from crm.tickets.letters import MAILED
from crm.tickets.models import Ticket, TicketMessage
from crm.timeline.actions import Fact, record

KIND = "ticket.requester"


@transaction.atomic
def choose(ticket: Ticket, contact: Contact, by: User | None, now: datetime) -> Act | None:
    """This person asks. Answers to a ticket of nobody go on to where it came from; one of somebody else's leaves for
    the new person's own address. None: that is how it is. Raises TicketError."""
    row = lock(ticket.pk)
    if row.contact_id == contact.pk:
        return None
    if row.merged_into_id:
        raise TicketError(f"#{row.pk} was merged into #{row.merged_into_id}. Choose there.")
    was = {"handle": row.requester_handle, "name": row.requester_name}
    if row.contact_id is not None and row.reply_channel in MAILED:
        if not contact.email:
            raise TicketError(f"{contact} has no e-mail address, and this ticket is answered by mail. Add one first.")
        row.requester_handle, row.requester_name = contact.email, contact.name
    detail = {"ticket": row.pk, "was": was, "handle": row.requester_handle}
    with act(KIND, f"chose {contact} for {row}", by, now, detail) as made:
        made.detail["messages"] = _theirs(row, contact)
        made.detail["handle_of_chat"] = link_handle(row, contact, by, now)
        new_here = row.account_id != contact.account_id
        row.contact, row.account, row.updated_at = contact, contact.account, now
        if row.status in rules.WAITS_FOR_US and row.asked_at and now - row.asked_at <= rules.NEWS_FOR:
            pause_automation(row, now)
        clocks.wind(row, now)
        row.save()
        if new_here:
            _tell(row, now)
    return made


def _theirs(row: Ticket, contact: Contact) -> list[int]:
    """What came from where this ticket came from, and was of nobody."""
    if not row.requester_handle:
        return []
    rows = row.messages.filter(kind=TicketMessage.Kind.IN, contact=None, sender_handle=row.requester_handle)
    ids = list(rows.values_list("pk", flat=True))
    TicketMessage.objects.filter(pk__in=ids).update(contact=contact)
    return ids


def _tell(row: Ticket, now: datetime) -> None:
    """On the timeline of the customer who has it now, as it would have stood there from the beginning."""
    first = row.messages.filter(kind=TicketMessage.Kind.IN).in_order().first()
    if first:
        news = not first.automatic and now - first.occurred_at <= rules.NEWS_FOR
        tell_timeline(row, "ticket.opened", "Ticket opened", first.occurred_at, now, source="customer", react=news,
                      key=f"ticket-message:{first.pk}:{row.account_id}", note=first.fresh, channel=first.channel,
                      message=first.pk, category=str(row.category or ""), priority=row.priority)  # fmt: skip


@transaction.atomic
def introduce(ticket: Ticket, account: Account, first_name: str, last_name: str, by: User, now: datetime) -> Act | None:
    """Somebody new at a customer asks. Raises TicketError where their address is another person's."""
    email = ticket.requester_handle if "@" in ticket.requester_handle else None
    try:
        with transaction.atomic():
            contact = Contact.objects.create(
                account=account, first_name=first_name, last_name=last_name, email=email, created_at=now,
                updated_at=now, phone=_number(ticket),
            )  # fmt: skip
    except IntegrityError:
        raise TicketError(f"{email} is somebody’s address already. Search for them and choose them.") from None
    text = f"{contact.name} was added"
    fact = Fact(account.pk, "contact.added", text, now, contact_id=contact.pk, source="person", actor_id=by.pk)
    record(fact, now=now)
    return choose(ticket, contact, by, now)


def _number(ticket: Ticket) -> str:
    """Their telephone number, on channels that know them by it: WhatsApp writes the country first, without a plus."""
    match ticket.reply_channel:
        case Ticket.Channel.WHATSAPP:
            return f"+{ticket.requester_handle}"
        case Ticket.Channel.PHONE:
            return ticket.requester_handle
    return ""


def unchoose(done: Act, by: User | None, now: datetime) -> Undone:
    """For the undo, after the columns went back: where answers go to, and whose messages they are."""
    row = lock(done.detail["ticket"])
    if row.requester_handle == done.detail["handle"]:
        row.requester_handle, row.requester_name = done.detail["was"]["handle"], done.detail["was"]["name"]
    row.updated_at = now
    clocks.wind(row, now)
    row.save()
    TicketMessage.objects.filter(pk__in=done.detail["messages"]).update(contact=None)
    if linked := done.detail.get("handle_of_chat"):
        unknow(linked)
    return Undone(0)
