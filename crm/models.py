"""The list of crm's tables for Django, which looks only here. Import from the rooms, never from this list."""

from crm.accounts.models import Account, AccountChange, AccountFile, Alias, Contact, ContactChange, HandOff
from crm.duplicates.models import AccountPair, ContactPair, Merge, MovedRows, Sweep
from crm.history.models import Act, Run
from crm.home.models import Alarm, CalendarFeed, PutAway
from crm.imports.models import (
    Import,
    ImportedRange,
    ImportKept,
    ImportMapping,
    ImportPart,
    ImportReject,
)  # fmt: skip
from crm.ledger.models import Contract, ContractChange, ContractTerm, ContractTermChange
from crm.outbox.models import (
    Decision,
    MailPolicy,
    MailTemplate,
    Notification,
    NotificationPreference,
    OutboundMessage,
    Sender,
    Slice,
    Suppression,
    Switch,
)  # fmt: skip
from crm.segments.models import ListChoice, SavedView, Segment
from crm.settings.models import DomainLook, HandedRow, HandOver
from crm.team.models import ApiToken, Device, Invitation, Membership, Organisation, RoleRight, Team, User
from crm.timeline.models import Pending, TimelineEntry
from crm.todos.models import Task
from crm.web.models import IdempotentAnswer, Pulse

__all__ = [
    "Account", "AccountChange", "AccountFile", "AccountPair", "Act", "Alarm", "Alias", "ApiToken", "CalendarFeed",
    "Contact", "ContactChange", "ContactPair", "Contract", "ContractChange", "ContractTerm", "ContractTermChange",
    "Decision", "Device", "DomainLook", "HandOff", "HandOver", "HandedRow", "IdempotentAnswer", "Import",
    "ImportKept", "ImportMapping", "ImportPart", "ImportReject", "ImportedRange", "Invitation", "ListChoice",
    "MailPolicy", "MailTemplate", "Membership", "Merge", "MovedRows", "Notification", "NotificationPreference",
    "Organisation", "OutboundMessage", "Pending", "Pulse", "PutAway", "RoleRight", "Run", "SavedView", "Segment",
    "Sender", "Slice", "Suppression", "Sweep", "Switch", "Task", "Team", "TimelineEntry", "User",
]  # fmt: skip
