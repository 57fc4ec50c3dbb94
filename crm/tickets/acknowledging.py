"""The instant acknowledgement of a ticket, and everything that stands against one.

A machine that answers machines never ends. So nothing is written to what says that a machine wrote it, to robots by
their name, to ourselves, nor to whoever was written to lately, whatever it is that they write (see `refusal`). And what
we write by ourselves says so in its headers (`crm.tickets.letters.enclose`), for machines that look.

Nor do we carry words for strangers. Whoever fills in a form, or forges a sender, has us write to an address that may be
a third person's: so while no channel vouches for the sender, no word of theirs goes along, neither subject nor name.
People on record are called as the record does. It costs that mailboxes which group by subject show this one mail beside
its conversation; answers of people go on under the customer's own subject.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

from django.conf import settings

from crm.correspondence.rules import is_own
from crm.inbox.models import InboxSettings
from crm.outbox import rendering
from crm.outbox.models import Sender
from crm.team.models import User
from crm.tickets import delivering, rules
from crm.tickets.models import Ticket, TicketMessage, TicketSettings
from crm.web import clock
from crm.web.locks import take_turns

#: An address gets one in so much time, and so many in a day.
PAUSE, A_DAY, MOST_A_DAY = timedelta(hours=1), timedelta(days=1), 5
#: Later than this it would confuse: mail was held meanwhile.
KEEPS = timedelta(hours=12)
#: Beginnings of addresses at which nobody reads.
_ROBOTS = re.compile(
    r"(mailer-daemon|postmaster|no[-_]?reply|do[-_]?not[-_]?reply|bounces?|notifications?|news(letter)?)\b"
)
#: What somebody may be called who is not on record: no address, link or number.
_NAME = re.compile(r"[^\W\d_]+(?:(?:\. |[ '’-])[^\W\d_]+)*")

#: What stands for a subject that we do not repeat.
YOURS = "Your message"

#: What is written while admins have set nothing else. Liquid, and Markdown.
TEXT = """\
Hello{% if contact.first_name != blank %} {{ contact.first_name }}{% endif %},

we have your message. Its number is **#{{ ticket.number }}**.\
{% if ticket.answer_by != blank %} You have our answer by {{ ticket.answer_by }} at the latest.{% endif %}

To add something, just answer.
"""


def acknowledge(ticket: Ticket, message: TicketMessage, now: datetime) -> TicketMessage | None:
    """Say that a ticket has begun, in the transaction in which it did. None: something stands against it."""
    if refusal(ticket, message, now):
        return None
    said = TicketMessage.objects.create(
        ticket=ticket, kind=TicketMessage.Kind.AUTO, channel=ticket.reply_channel,
        text=written(TicketSettings.the_only().acknowledgement, facts_of(ticket, message)), occurred_at=now,
        created_at=now,
    )  # fmt: skip
    delivering.deliver(ticket, said, now, category="transactional", keeps=KEEPS)
    return said


def refusal(ticket: Ticket, message: TicketMessage, now: datetime) -> str:
    """Why it is not acknowledged, for people; blank: it is. Holds the sender's turn until the transaction ends."""
    desk, handle = TicketSettings.the_only(), ticket.requester_handle
    if not desk.acknowledges:
        return "The desk acknowledges nothing."
    if ticket.is_spam:
        return "It is spam."
    if message.automatic:
        return "A machine wrote it."
    if now - message.occurred_at > rules.NEWS_FOR:
        return "It was written too long ago."
    if _ROBOTS.match(handle):
        return f"Nobody reads at {handle}."
    if _is_ours(handle, desk):
        return f"{handle} is one of ours."
    if because := delivering.refusal(ticket, now):
        return because
    return _lately(ticket, now)


def _is_ours(handle: str, desk: TicketSettings) -> bool:
    """Ours are the desk's addresses, the inbox's, those we send from, and colleagues'."""
    senders = [settings.DEFAULT_FROM_EMAIL, *Sender.objects.values_list("from_email", flat=True)]
    own = [InboxSettings.the_only().address, *desk.addresses, *(parseaddr(one)[1] for one in senders)]
    return any(is_own(handle, one) for one in own if one) or User.objects.filter(email=handle).exists()


def _lately(ticket: Ticket, now: datetime) -> str:
    """Whether they were written to lately. Two of theirs at once wait for one another."""
    handle, channel = ticket.requester_handle, delivering.ways[ticket.reply_channel].channel
    take_turns(f"acknowledgement:{channel}:{handle}")
    same_way = [name for name, way in delivering.ways.items() if way.channel == channel]
    theirs = Ticket.objects.filter(reply_channel__in=same_way, requester_handle=handle, updated_at__gt=now - A_DAY)
    past = TicketMessage.objects.filter(kind=TicketMessage.Kind.AUTO, ticket__in=theirs, occurred_at__gt=now - A_DAY)
    times = sorted(past.values_list("occurred_at", flat=True)[:100])
    if times and now - times[-1] < PAUSE:
        return f"{handle} got an automatic answer less than an hour before."
    return f"{handle} got {MOST_A_DAY} automatic answers in a day." if len(times) >= MOST_A_DAY else ""


def facts_of(ticket: Ticket, message: TicketMessage) -> dict[str, Any]:
    """What the text may use. Times are in the reader's zone, in words; of what anybody may have written, nothing."""
    contact, account = ticket.contact, ticket.account
    zone = clock.zone(contact.timezone if contact else "", account.timezone if account else "")
    by = ticket.answer_by.astimezone(zone) if ticket.answer_by else None
    called = ticket.requester_name if message.proven and _NAME.fullmatch(ticket.requester_name) else ""
    first, _, last = called.partition(" ")
    person = {"first_name": contact.first_name, "last_name": contact.last_name} if contact else {
        "first_name": first if last else "", "last_name": last,
    }  # fmt: skip
    return {
        "ticket": {
            "number": ticket.pk, "subject": ticket.subject if message.proven else YOURS,
            "answer_by": f"{by:%A, %-d %B, %H:%M} ({zone.key})" if by else "",
        },
        "contact": {**person, "name": str(contact or called), "email": ticket.requester_handle},
    }  # fmt: skip


#: For previews.
SAMPLE: dict[str, Any] = {
    "ticket": {"number": 4211, "subject": "The export stops", "answer_by": "Monday, 1 June, 16:00 (Europe/Berlin)"},
    "contact": {"first_name": "Anna", "last_name": "Berg", "name": "Anna Berg", "email": "anna@example.com"},
}


def written(source: str, facts: dict[str, Any]) -> str:
    """The text filled in; the one that comes along where another cannot be."""
    for each in filter(None, (source.strip(), TEXT)):
        try:
            text = rendering.render("", each, facts)[1].strip()
        except rendering.TemplateError:
            continue
        if text:
            return text
    return ""
