"""Mail that leaves from tickets: what it goes on with, where it is answered to, and what the timeline says of it.

A ticket's mails keep the subject under which the customer wrote last, without a number of ours in it: Gmail and Outlook
put a mail to its conversation only if the subject is the same and the References lead there. That an answer finds its
ticket does not hang on the subject: it comes home to an address with the ticket's token, or names a mail of ours.

Whoever is in copy gets a letter of their own, with the others in its Cc: an address that bounces, or is suppressed,
keeps nobody else waiting, each is sent once and has its own end, and “answer to all” reaches all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.crypto import salted_hmac

from crm.correspondence import rules
from crm.correspondence.models import MailIdentity
from crm.inbox.models import InboxSettings
from crm.outbox.models import CHATS, OutboundMessage, Suppression
from crm.slots import Enclosed, Explanation
from crm.tickets.delivering import Composed, Way
from crm.tickets.models import Ticket, TicketMessage, TicketSettings
from crm.timeline.actions import Fact
from crm.web import wording

#: Channels whose customers are answered by mail, and kinds of messages that leave.
MAILED = (Ticket.Channel.MAIL, Ticket.Channel.FORM)
_LEAVES = (TicketMessage.Kind.OUT, TicketMessage.Kind.AUTO)
#: Ancestors that a mail names: mailboxes look no further. Characters of what is quoted.
_MOST_REFERENCES, _QUOTED = 20, 20_000
#: Bytes of a text, and of its files: their base64 is a third larger, and 25 MB are what most servers take.
_MOST_TEXT, _MOST_BYTES = 100_000, 18 * 1024 * 1024


def own_loop() -> str:
    """What this installation says of itself in mail that it writes."""
    return salted_hmac("holdfast.loop", settings.BASE_URL, algorithm="sha256").hexdigest()[:32]


def address_of(ticket: Ticket) -> str:
    """Where mail to them goes: from where the customer wrote, else the address on record; blank without one."""
    written_from = "" if ticket.reply_channel in CHATS else ticket.requester_handle
    handle = written_from or (ticket.contact and ticket.contact.email) or ""
    return handle if "@" in handle else ""


def refuses(ticket: Ticket, now: datetime) -> str:
    """Why no mail can leave; blank: it can."""
    if not settings.EMAIL_URL:
        return "This installation cannot send mail yet. An admin sets EMAIL_URL in .env, as .env.example shows."
    address = address_of(ticket)
    if not address:
        return "No address of whoever asks is known. Choose the person who asks, or give them one on their page."
    if suppressed := Suppression.among([address]).get(address):
        return f"{address} gets no mail any more: {suppressed.reason.rstrip('. ')}. Ask for another address, or call."
    return ""


def compose(ticket: Ticket, message: TicketMessage) -> Composed:
    """An answer with its writer's signature and what it answers below; what the house writes stands for itself."""
    said = ticket.messages.filter(channel__in=MAILED, called_off_at=None).exclude(pk=message.pk)
    said = said.exclude(kind=TicketMessage.Kind.NOTE).select_related("outbound", "user", "contact")
    latest = list(said.order_by("-occurred_at", "-id")[:_MOST_REFERENCES])
    asked = next((one for one in latest if one.kind == TicketMessage.Kind.IN), None)
    subject = rules.answer_to(asked.subject if asked and asked.subject else ticket.subject)
    text = message.text
    if message.kind == TicketMessage.Kind.AUTO and not (asked and asked.proven):
        subject = f"We have your message (#{ticket.pk})"  # why: see `acknowledging`
    if message.kind == TicketMessage.Kind.OUT:
        signature = MailIdentity.seen(message.user).signature if message.user else ""
        text = "\n\n".join(filter(None, (text.rstrip(), signature.strip(), _quoted(asked))))
    return Composed(subject, text, _references(latest), ticket.copied if message.kind == TicketMessage.Kind.OUT else ())


def _references(latest: Sequence[TicketMessage]) -> list[str]:
    """Message-IDs of the ticket's mails, the nearest first; what has not left yet has none."""
    ids = [(one.outbound.message_id.strip("<>") if one.outbound else one.external_key) or "" for one in latest]
    return [one for one in ids if "@" in one]


def _quoted(asked: TicketMessage | None) -> str:
    if asked is None or not asked.fresh.strip():
        return ""
    when = wording.day(timezone.localtime(asked.occurred_at).date())
    return rules.quoted(asked.fresh[:_QUOTED], asked.sender, when)


def objection(ticket: Ticket, now: datetime, text: str, sizes: list[int]) -> str:
    """Why this does not go into a mail; blank: it does."""
    if len(text.encode()) > _MOST_TEXT:
        return f"A mail takes {_MOST_TEXT // 1000},000 characters. Send the rest as a file."
    if sum(sizes) > _MOST_BYTES:
        most = filesizeformat(_MOST_BYTES)
        return f"These files have {filesizeformat(sum(sizes))} together, and mail servers take {most}. Send fewer."
    return ""


WAY = Way("email", "mail", refuses, compose, objection, lambda: bool(settings.EMAIL_URL))


# What the outbox asks while it sends ----------------------------------------------------------------------------------


def enclose(message: OutboundMessage) -> Enclosed:
    """Where it is answered to, what it answers, who else has it, what goes along, and whose it is."""
    said = _said_in(message)
    if said is None:
        return Enclosed(formatted=True)
    headers = {rules.LOOP_HEADER: own_loop()}
    if home := _home(said.ticket):
        headers["Reply-To"] = home
    if said.references:
        headers["In-Reply-To"] = f"<{said.references[0]}>"
        headers["References"] = " ".join(f"<{one}>" for one in reversed(said.references))
    others = [to for _, to in said.recipients if to.isascii() and to != message.addressed_to]
    if len(said.recipients) > 1 and others:
        headers["Cc"] = ", ".join(others)
    if said.kind == TicketMessage.Kind.AUTO:
        headers |= {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All", "Precedence": "bulk"}
    files = [(file.name, file.content_type, file.stored_as) for file in said.files.order_by("pk")]
    return Enclosed(headers, files, str(said.user or ""), formatted=True)


def _home(ticket: Ticket) -> str:
    own = InboxSettings.the_only().address
    if own:
        return rules.with_token(own, "s", ticket.token)
    return next(iter(TicketSettings.the_only().addresses), "")


def tell(message: OutboundMessage, at: datetime) -> Fact | None:
    """What the timeline says of an answer that has left; its copies, and what the house writes, are mail like other."""
    said = _said_in(message)
    if said is None or said.kind != TicketMessage.Kind.OUT or said.outbound_id != message.pk:
        return None
    ticket = said.ticket
    if ticket.account_id is None:
        return None
    url = f"{ticket.get_absolute_url()}#message-{said.pk}"
    payload: dict[str, object] = {
        "ticket": ticket.pk, "open_url": url, "note": rules.shown(said.text), "message": message.pk,
    }  # fmt: skip
    return Fact(
        ticket.account_id, "ticket.replied", f"{said.sender} answered: {ticket}"[:400], at,
        contact_id=message.contact_id, source="person", actor_id=said.user_id, channel=said.channel, payload=payload,
        key=f"ticket-message:{said.pk}",
    )  # fmt: skip


def _said_in(message: OutboundMessage) -> TicketMessage | None:
    rows = TicketMessage.objects.select_related("ticket", "user").filter(kind__in=_LEAVES)
    return rows.filter(pk=message.origin_id).first() if message.origin_id else None


def explain(ids: Sequence[int]) -> dict[int, Explanation]:
    """Why such a message exists."""
    found = TicketMessage.objects.filter(pk__in=list(ids)).select_related("ticket", "user")
    return {said.pk: _explanation(said) for said in found}


def _explanation(said: TicketMessage) -> Explanation:
    auto = said.kind == TicketMessage.Kind.AUTO
    title = "The desk wrote it by itself" if auto else f"{said.user or 'Somebody'} answered a ticket"
    lines = [("Ticket", str(said.ticket)), ("Obeys", "suppressed addresses and switches")]
    if auto:
        lines.insert(1, ("Because", f"{said.ticket.requester} wrote, and the desk acknowledges"))
    return Explanation(title, f"{said.ticket.get_absolute_url()}#message-{said.pk}", lines)
