"""Accounts (customers) and contacts (people), with what every customer must have, and the papers about them."""

from crm.accounts.models.accounts import Account, AccountQuerySet
from crm.accounts.models.aliases import Alias
from crm.accounts.models.changes import AccountChange, ContactChange
from crm.accounts.models.contacts import Contact, ContactQuerySet
from crm.accounts.models.handles import ContactHandle
from crm.accounts.models.papers import AccountFile, HandOff, LeftOverFile, leaves_bytes
from crm.accounts.models.seen import AccountSeen, ContactSeen

__all__ = [
    "Account", "AccountChange", "AccountFile", "AccountQuerySet", "AccountSeen", "Alias", "Contact",
    "ContactChange", "ContactHandle", "ContactQuerySet", "ContactSeen", "HandOff",
    "LeftOverFile", "leaves_bytes",
]  # fmt: skip
