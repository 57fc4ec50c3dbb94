"""Mail becomes tickets, and answers in them; see `matching` for which.

A mail is taken if it bears a ticket's token, if it follows a mail of a ticket, or if it is addressed to the desk. Who
follows one without taking part begins a ticket of their own, with a note that says which one they quote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from django.core.files.base import ContentFile

from crm.accounts.models import Contact
from crm.correspondence import rules
from crm.correspondence.filing import contacts_by
from crm.correspondence.reading.mail import Attached, ReadMail, read
from crm.correspondence.receiving import text_of
from crm.inbox.models import InboxSettings
from crm.slots import Arrived, Handled
from crm.team.models import User
from crm.tickets import letters
from crm.tickets.acknowledging import acknowledge
from crm.tickets.actions.answering import Written, write
from crm.tickets.actions.following import follow
from crm.tickets.actions.hearing import NewTicket, begin, hear
from crm.tickets.actions.saying import Brought, Said, where_it_goes_on
from crm.tickets.channels import matching
from crm.tickets.channels.forwarding import Forwarded, forwarded
from crm.tickets.models import Ticket, TicketMessage, TicketSettings

#: Who reads along in one ticket.
MOST_COPIED = 20
_CLAIMS = "Its sender quotes #{}, but takes no part in it. If they belong there, merge the two."


@dataclass(frozen=True, slots=True)
class _Came:
    """A mail that is ours to take, with what it names."""

    arrived: Arrived
    mail: ReadMail
    text: str
    address: str  # of its sender; blank without one
    contact: Contact | None
    proven: bool
    others: list[str]  # whom else it is addressed to, outside
    ours: list[User]  # and of our own
    by_token: Ticket | None
    by_chain: Ticket | None


def take(arrived: Arrived, mail: ReadMail, now: datetime) -> Handled | None:
    """The taker of mail for `slots.mail_takers`."""
    own, desk = InboxSettings.the_only(), TicketSettings.the_only()
    delivered = [*mail.delivered_to, arrived.headers.get("to", "").lower()]
    by_token = matching.by_token(rules.tokens_in(delivered, own.address).tickets)
    by_chain = matching.by_chain(mail.references)
    to_desk = any(rules.is_own(address, one) for one in desk.addresses for address in delivered)
    if not (by_token or by_chain or to_desk):
        return None
    address = mail.sender.address if mail.sender else ""
    names = [one.address for one in filter(None, (mail.sender, *mail.to))]
    if because := _ignored(mail, address):
        return Handled(because, ignored=True, addresses=names)
    homes = [own.address, *desk.addresses]
    readers = [one.address for one in mail.to if one.address != address]
    outside = [one for one in readers if not any(rules.is_own(one, home) for home in homes)]
    colleagues = matching.colleagues([address, *outside])
    # Customers have the token, and so it proves nothing of a colleague.
    proven = own.trusts_senders or (by_token is not None and address not in colleagues)
    came = _Came(
        arrived, mail, text_of(arrived, mail), address, contacts_by([address]).get(address) if address else None,
        proven, [one for one in outside if one not in colleagues],
        [user for one, user in colleagues.items() if one != address], by_token, by_chain,
    )  # fmt: skip
    user = colleagues.get(address)
    note, forwarded_by = _from_colleague(came, user, now) if user else (_from_customer(came, now), "")
    return Handled(note, addresses=[*names, forwarded_by] if forwarded_by else names)


def _ignored(mail: ReadMail, address: str) -> str:
    """Why nothing is made of it; blank: something is."""
    if mail.loop == letters.own_loop():
        return "It is one of our own, come back by another way."
    if TicketMessage.objects.filter(channel=Ticket.Channel.MAIL, external_key=mail.message_id).exists():
        return "It is there already."
    return "Its sender is blocked." if matching.is_blocked(address) else ""


def _from_customer(came: _Came, now: datetime) -> str:
    """Into its ticket, or into a new one."""
    claimed = came.by_chain
    ticket = came.by_token
    if ticket is None and claimed and _may_join(claimed, came):
        ticket = claimed
    if ticket is None:
        return _begin(came, now, claims=claimed)
    ticket = where_it_goes_on(ticket)
    if came.mail.automatic and ticket.status == Ticket.Status.CLOSED:
        return f"A machine answered #{ticket.pk}, which is closed."  # nothing begins for a machine
    joins = _may_join(ticket, came)
    message = hear(ticket, _said(came), now)
    row = message.ticket
    _copy(row, came, came.others if joins else [])
    if row.pk != ticket.pk:
        acknowledge(row, message, now)
        return f"Ticket #{row.pk}, which follows #{ticket.pk}."
    return f"Ticket #{row.pk}."


def _may_join(ticket: Ticket, came: _Came) -> bool:
    """Whether its sender takes part, there or in the ticket that it was merged into."""
    both = {one.pk: one for one in (ticket, where_it_goes_on(ticket))}
    return any(matching.takes_part(one, came.address, came.contact) for one in both.values())


def _begin(came: _Came, now: datetime, claims: Ticket | None = None) -> str:
    new = NewTicket(rules.bare(came.mail.subject), _said(came), copied=tuple(came.others[:MOST_COPIED]))
    row = begin(new, now)
    _copy(row, came, [])
    if claims:
        row.messages.create(
            kind=TicketMessage.Kind.NOTE, channel=row.channel, text=_CLAIMS.format(claims.pk), occurred_at=now,
            created_at=now,
        )  # fmt: skip
    acknowledge(row, row.messages.get(external_key=came.mail.message_id), now)
    return f"Ticket #{row.pk} begins."


def _copy(row: Ticket, came: _Came, others: Sequence[str]) -> None:
    """Whoever was in copy reads along, colleagues as followers."""
    fresh = [one for one in others if one not in row.copied and one != row.requester_handle]
    if fresh:
        row.copied = [*row.copied, *fresh][:MOST_COPIED]
        row.save(update_fields=["copied"])
    for user in came.ours:
        follow(row, user)


def _said(came: _Came) -> Said:
    mail = came.mail
    return Said(
        came.text, Ticket.Channel.MAIL, mail.date, came.contact, mail.sender.name if mail.sender else "", came.address,
        mail.subject, mail.message_id, mail.html, mail.folded_at, mail.references,
        [[one.name, one.address] for one in mail.to], mail.automatic, came.proven, came.arrived.id,
        _brought([*mail.files, *mail.pictures]),
    )  # fmt: skip


def _brought(files: Sequence[Attached]) -> list[Brought]:
    return [Brought(one.name, one.content, one.content_id) for one in files]


# From one of ours -----------------------------------------------------------------------------------------------------


def _from_colleague(came: _Came, user: User, now: datetime) -> tuple[str, str]:
    """A note in the ticket that it answers, else a ticket for whoever's mail it forwards, else their own ticket.

    Returns what became of it, and the address of whoever was forwarded.
    """
    if ticket := came.by_token or came.by_chain:
        ticket = where_it_goes_on(ticket)
        fresh = came.text[: came.mail.folded_at] if came.mail.folded_at else came.text
        _note(ticket, came, user, fresh.strip() or "(nothing but files)", now, came.mail.files)
        return f"A note of {user} in ticket #{ticket.pk}.", ""
    found = _forwarded(came)
    if found is None or matching.colleagues([found.address]):
        return _begin(came, now), ""
    contact = contacts_by([found.address]).get(found.address)
    mail = came.mail
    said = Said(
        found.text, Ticket.Channel.MAIL, mail.date, contact, found.name, found.address, found.subject, mail.message_id,
        found.html, None, (), [[one.name, one.address] for one in mail.to], False, False, came.arrived.id,
        _brought(found.files),
    )  # fmt: skip
    row = begin(NewTicket(rules.bare(found.subject or mail.subject), said), now, by=user)
    follow(row, user)
    if found.above:
        _note(row, came, user, found.above, now, [], key=f"{mail.message_id}#above")
    return f"Ticket #{row.pk} begins, for {found.address}.", found.address


def _forwarded(came: _Came) -> Forwarded | None:
    """What it forwards, in its text or as the one mail that hangs on it."""
    mail = came.mail
    if found := forwarded(mail.subject, came.text):
        return Forwarded(
            found.name, found.address, found.subject, found.text, found.above, mail.html, [*mail.files, *mail.pictures]
        )
    hanging = [one for one in mail.files if one.name.lower().endswith(".eml")]
    if len(hanging) != 1:
        return None
    inner = read(hanging[0].content, mail.date)
    if inner.sender is None:
        return None
    files = [*inner.files, *inner.pictures]
    who = inner.sender
    return Forwarded(who.name, who.address, inner.subject, inner.text, came.text, inner.html, files)


def _note(
    ticket: Ticket, came: _Came, user: User, text: str, now: datetime, files: Sequence[Attached], key: str = ""
) -> None:  # fmt: skip
    named = key or came.mail.message_id
    enclosed = [ContentFile(one.content, one.name) for one in files]
    note = write(ticket, Written(uuid5(NAMESPACE_URL, f"mid:{named}"), text, is_note=True, files=enclosed), user, now)
    TicketMessage.objects.filter(pk=note.pk).update(
        channel=Ticket.Channel.MAIL, external_key=named[:255], proven=came.proven, payload=came.arrived.id,
    )  # fmt: skip
