"""Whose ticket a mail belongs to, and who may write into it.

A subject proves nothing, and neither do References alone: whoever was forwarded a mail can quote them, and a newsletter
quotes the same for all. So References count only from somebody who takes part. The token of the address that we ask to
be answered to counts from anybody: whoever got our mail was to answer there.
"""

from __future__ import annotations

from collections.abc import Sequence

from crm.accounts.models import Contact
from crm.correspondence.models import MailIdentity
from crm.outbox.models import OutboundMessage
from crm.team.models import User
from crm.tickets.delivering import ORIGIN
from crm.tickets.letters import MAILED
from crm.tickets.models import BlockedSender, Ticket, TicketMessage


def by_token(tokens: Sequence[str]) -> Ticket | None:
    return Ticket.objects.filter(token__in=tokens).order_by("-pk").first() if tokens else None


def by_chain(references: Sequence[str]) -> Ticket | None:
    """That of the nearest mail it follows, whoever of us or them wrote that one."""
    if not references:
        return None
    theirs = TicketMessage.objects.filter(channel=Ticket.Channel.MAIL, external_key__in=references)
    found = dict(theirs.values_list("external_key", "ticket"))
    sent = OutboundMessage.objects.filter(message_id__in=[f"<{one}>" for one in references], origin=ORIGIN)
    by_origin = {origin: message_id.strip("<>") for message_id, origin in sent.values_list("message_id", "origin_id")}
    ours = TicketMessage.objects.filter(pk__in=[pk for pk in by_origin if pk])
    found |= {by_origin[pk]: ticket for pk, ticket in ours.values_list("pk", "ticket")}
    nearest = next((found[one] for one in references if one in found), None)
    return Ticket.objects.filter(pk=nearest).first() if nearest else None


def takes_part(ticket: Ticket, address: str, contact: Contact | None) -> bool:
    """Whether they asked, read along, belong to the customer, or have written in it before."""
    if not address:
        return False
    if address == ticket.requester_handle or address in ticket.copied:
        return True
    if contact and (contact.pk == ticket.contact_id or contact.account_id == ticket.account_id):
        return True
    return ticket.messages.filter(kind=TicketMessage.Kind.IN, sender_handle=address).exists()


def colleagues(addresses: Sequence[str]) -> dict[str, User]:
    """Who of ours has which of these addresses, in lower case."""
    users = User.objects.filter(is_active=True)
    found = {user.email.lower(): user for user in users.filter(email__in=addresses)}
    others = MailIdentity.objects.filter(addresses__overlap=list(addresses), user__is_active=True)
    for identity in others.select_related("user"):
        found |= {one: identity.user for one in identity.addresses if one in addresses}
    return found


def is_blocked(address: str) -> bool:
    """Also for all of its domain."""
    handles = [address, f"@{address.rpartition('@')[2]}"]
    return bool(address) and BlockedSender.objects.filter(channel__in=MAILED, handle__in=handles).exists()
