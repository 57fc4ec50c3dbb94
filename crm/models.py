"""The list of crm's tables for Django, which looks only here. Import from the rooms, never from this list."""

from crm.accounts.models import Account, Contact
from crm.home.models import Alarm
from crm.ledger.models import Contract, ContractTerm
from crm.outbox.models import (
    Decision,
    MailPolicy,
    MailTemplate,
    OutboundMessage,
    Sender,
    Slice,
    Suppression,
    Switch,
)  # fmt: skip
from crm.segments.models import Segment
from crm.team.models import ApiToken, User
from crm.timeline.models import Pending, TimelineEntry
from crm.todos.models import Task
from crm.web.models import IdempotentAnswer, Pulse

__all__ = [
    "Account", "Alarm", "ApiToken", "Contact", "Contract", "ContractTerm", "Decision", "IdempotentAnswer", "MailPolicy",
    "MailTemplate", "OutboundMessage", "Pending", "Pulse", "Segment", "Sender", "Slice", "Suppression", "Switch",
    "Task", "TimelineEntry", "User",
]  # fmt: skip
