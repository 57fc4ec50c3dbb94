"""What was said, on its way into a ticket: the message, its files, and what the customer's timeline tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.template.defaultfilters import filesizeformat

from crm.accounts.actions.files import stored
from crm.accounts.models import Contact
from crm.correspondence.rules import shown
from crm.team.models import User
from crm.tickets.models import Ticket, TicketFile, TicketMessage
from crm.timeline.actions import Fact, record


class TicketError(ValueError):
    """The verb does not fit the ticket; the message is for the person who asked."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that comes with a message."""

    name: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One message from outside. `key` is its channel's own: said twice, it is one. Handles are in lower case."""

    text: str
    channel: str  # Ticket.Channel
    at: datetime
    contact: Contact | None = None
    name: str = ""
    handle: str = ""
    subject: str = ""  # where the channel has one, as it came
    key: str | None = None
    html: str = ""
    folded_at: int | None = None
    references: Sequence[str] = ()
    recipients: Sequence[Sequence[str]] = ()
    automatic: bool = False
    proven: bool = True
    payload_id: int | None = None
    files: Sequence[Brought] = field(default=())


def where_it_goes_on(ticket: Ticket) -> Ticket:
    """The ticket itself, or the one that it was merged into."""
    while ticket.merged_into_id:
        ticket = Ticket.objects.get(pk=ticket.merged_into_id)
    return ticket


def lock(pk: int) -> Ticket:
    """The ticket, ours until the end of the transaction."""
    list(Ticket.objects.filter(pk=pk).select_for_update(no_key=True).values_list("pk"))
    return Ticket.objects.select_related("account__owner", "contact", "assignee", "team", "category", "level").get(
        pk=pk
    )


def lock_where_it_goes_on(ticket: Ticket) -> Ticket:
    """The same of where it goes on by then."""
    # Merges and their undoing lock in the order of ids: what goes on elsewhere is not locked on the way there.
    row = lock(where_it_goes_on(Ticket.objects.get(pk=ticket.pk)).pk)
    while row.merged_into_id:  # meanwhile
        row = lock(row.merged_into_id)
    return row


def keep(ticket: Ticket, said: Said, now: datetime) -> TicketMessage:
    """The row of a message from outside, with its files."""
    message = TicketMessage.objects.create(
        ticket=ticket, kind=TicketMessage.Kind.IN, channel=said.channel, contact=said.contact,
        sender_name=said.name[:120], sender_handle=said.handle[:254], recipients=list(said.recipients),
        subject=said.subject[:300], text=said.text, html=said.html,
        folded_at=said.folded_at, occurred_at=said.at, created_at=now, automatic=said.automatic, proven=said.proven,
        external_key=said.key, references=list(said.references), payload_id=said.payload_id,
    )  # fmt: skip
    for brought in said.files:
        if len(brought.content) <= settings.FILE_SIZE_LIMIT:  # what is larger stays in the mailbox it came from
            put(message, ContentFile(brought.content, brought.name), brought.content_id)
    return message


#: Files of one message that is written here.
MOST_FILES = 10


def refusal_of(files: Sequence[Any], *, together: bool = False) -> str:
    """Why these uploads cannot come along, each of them or all `together`; blank: they can."""
    limit = settings.FILE_SIZE_LIMIT
    if len(files) > MOST_FILES:
        return f"{MOST_FILES} files are the most at once."
    if large := next((one for one in files if (one.size or 0) > limit), None):
        return f"{large.name} is larger than {filesizeformat(limit)}. Make it smaller, or send a link."
    if together and sum(one.size or 0 for one in files) > limit:
        return f"Together the files are larger than {filesizeformat(limit)}. Send them with several messages."
    return ""


def put(message: TicketMessage, file: Any, content_id: str = "") -> TicketFile:
    """Keep a file of a message: its bytes before its row."""
    with stored(f"{TicketFile.FOLDER}/{message.ticket_id}", file) as (stored_as, content_type):
        return TicketFile.objects.create(
            message=message, name=str(file.name)[:200], size=file.size, content_type=content_type,
            stored_as=stored_as, content_id=content_id[:255],
        )  # fmt: skip


def tell_timeline(
    ticket: Ticket, kind: str, words: str, at: datetime, now: datetime, *, by: User | None = None,
    source: str = "", react: bool = True, key: str | None = None, note: str = "", channel: str = "",
    contact_id: int | None = None, **payload: object,
) -> None:  # fmt: skip
    """On the customer's timeline, with the way to the ticket; one of nobody on record has none."""
    if ticket.account_id is None:
        return
    facts: dict[str, object] = {"ticket": ticket.pk, "open_url": ticket.get_absolute_url(), **payload}
    if note:
        facts["note"] = shown(note)
    fact = Fact(
        ticket.account_id, kind, f"{words}: {ticket}"[:400], at, contact_id=contact_id or ticket.contact_id,
        source=source or ("person" if by else "automatic"), actor_id=by.pk if by else None, channel=channel,
        payload=facts, key=key,
    )  # fmt: skip
    record(fact, react=react, now=now)
