"""For whom one of ours writes a ticket down: somebody on record, a customer, or nobody that is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from crm.accounts.models import Account, Contact
from crm.team.models import User
from crm.tickets.models import Ticket, TicketQuerySet

#: Of each kind, in a form.
_FOUND = 6
#: Open tickets of the same caller that a form names.
_NAMED = 5
_CODE = re.compile(r"(contact|account):(\d{1,18})", re.ASCII)
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Caller:
    """`code` is how a form names them: contact:12, account:3, nobody."""

    code: str
    name: str
    second: str = ""
    contact: Contact | None = None
    account: Account | None = None

    def tickets(self, viewer: User) -> TicketQuerySet:
        """Theirs, as far as one sees them."""
        rows = Ticket.objects.visible_to(viewer)
        if self.contact:
            return rows.filter(contact=self.contact)
        return rows.filter(account=self.account) if self.account else rows.none()

    def open_tickets(self, viewer: User) -> list[Ticket]:
        """The latest that are open: perhaps they call about one of these."""
        rows = self.tickets(viewer).open().filter(is_spam=False, merged_into=None)
        return list(rows.order_by("-created_at", "-id")[:_NAMED])


def _person(contact: Contact) -> Caller:
    second = " · ".join(filter(None, (str(contact.account), contact.email or contact.phone)))
    return Caller(f"contact:{contact.pk}", contact.name, second, contact, contact.account)


def _customer(account: Account) -> Caller:
    return Caller(f"account:{account.pk}", account.name, account.domain or "Customer", None, account)


def caller(code: str, viewer: User) -> Caller | None:
    """Whom the code means, if the viewer may see them."""
    if code == NOBODY:
        return Caller(NOBODY, "Nobody on record")
    match: Any = _CODE.fullmatch(code)
    if not match:
        return None
    kind, pk = match[1], int(match[2])
    if kind == "contact":
        contact = Contact.objects.visible_to(viewer).select_related("account").filter(pk=pk).first()
        return _person(contact) if contact else None
    account = Account.objects.visible_to(viewer).filter(pk=pk).first()
    return _customer(account) if account else None


def callers_like(text: str, viewer: User) -> list[Caller]:
    """People, then customers, whose names, addresses or numbers hold the text."""
    text = text.strip().replace("\0", "")
    if not text:
        return []
    people = Contact.objects.visible_to(viewer).called(text).select_related("account").order_by()[:_FOUND]
    customers = Account.objects.visible_to(viewer).called(text).order_by()[:_FOUND]
    named = sorted(map(_person, people), key=lambda one: one.name.casefold())
    return [*named, *sorted(map(_customer, customers), key=lambda one: one.name.casefold())]
