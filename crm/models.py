"""The list of crm's tables for Django, which looks only here. Import from the rooms, never from this list."""

from crm.accounts.models import (
    Account,
    AccountChange,
    AccountFile,
    AccountSeen,
    Alias,
    Contact,
    ContactChange,
    ContactHandle,
    ContactSeen,
    HandOff,
    LeftOverFile,
)  # fmt: skip
from crm.billing.models import (
    BillingCustomer,
    BillingDifference,
    BillingFact,
    BillingLook,
    BillingObject,
    BillingSettings,
    BillingWish,
    PaymentAttempt,
    PaymentMethod,
)
from crm.correspondence.models import IgnoredSender, Mail, MailFile, MailIdentity, MailThread
from crm.duplicates.models import AccountPair, ContactPair, Merge, MovedRows, Sweep
from crm.fields.models import CustomField, CustomFieldChange
from crm.forms.models import FormEntry, PublicForm, PublicFormChange
from crm.history.models import Act, Run, Waiting
from crm.home.models import Alarm, CalendarFeed, PutAway
from crm.imports.models import (
    Import,
    ImportedRange,
    ImportKept,
    ImportMapping,
    ImportPart,
    ImportReject,
)  # fmt: skip
from crm.inbox.models import InboundPayload, InboxSettings, MailboxPlace
from crm.leaving.models import (
    LeaveLinks,
    LeavingAnswer,
    LeavingOffer,
    LeavingOfferChange,
    LeavingPolicy,
    LeavingPolicyChange,
)
from crm.ledger.models import (
    Cancellation,
    CancellationChange,
    CancelReason,
    CancelReasonChange,
    Contract,
    ContractChange,
    ContractTerm,
    ContractTermChange,
    CurrencyRate,
    CustomerSpan,
    EnteredSpend,
    MrrMovement,
    Payment,
    PaymentChange,
    Purchase,
    PurchaseChange,
    PurchaseItem,
    PurchaseItemChange,
    Refund,
    RefundChange,
    RfmScore,
)  # fmt: skip
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
    Topic,
)  # fmt: skip
from crm.pipelines.models import (
    Deal,
    DealChange,
    DealContact,
    DealSpell,
    DealTicket,
    KeyAccountPlan,
    KeyAccountPlanChange,
    LossReason,
    LossReasonChange,
    Pipeline,
    PipelineChange,
    Stage,
    StageChange,
)
from crm.quality.models import DataCount, DataSweep
from crm.segments.models import (
    ListChoice,
    SavedView,
    Segment,
    SegmentChange,
    SegmentMember,
    SegmentMemberChange,
    SegmentMoves,
    SegmentPart,
    SegmentSize,
)
from crm.settings.models import DomainLook, Emptying, HandedRow, HandOver
from crm.team.models import (
    ApiToken,
    BusinessHours,
    Device,
    Holiday,
    Invitation,
    Membership,
    Organisation,
    RoleRight,
    Team,
    User,
    WriteKey,
)
from crm.tickets.models import (
    BlockedSender,
    Macro,
    Rota,
    ServiceLevel,
    Ticket,
    TicketCategory,
    TicketChange,
    TicketDraft,
    TicketFile,
    TicketFollower,
    TicketMessage,
    TicketOverload,
    TicketPresence,
    TicketRating,
    TicketSettings,
    TicketSpell,
)
from crm.timeline.models import Pending, TimelineEntry
from crm.todos.models import Task, TaskChange
from crm.web.models import IdempotentAnswer, Pulse, Walk
from crm.webhooks.models import (
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEndpointChange,
    WebhookHour,
    WebhookReplay,
)

__all__ = [
    "Account", "AccountChange", "AccountFile", "AccountPair", "AccountSeen", "Act", "Alarm", "Alias",
    "ApiToken", "BillingCustomer", "BillingDifference", "BillingFact", "BillingLook", "BillingObject",
    "BillingSettings", "BillingWish",
    "BlockedSender", "BusinessHours", "CalendarFeed", "CancelReason", "CancelReasonChange",
    "Cancellation", "CancellationChange", "Contact", "ContactChange", "ContactHandle", "ContactPair",
    "ContactSeen", "Contract", "ContractChange", "ContractTerm", "ContractTermChange", "CurrencyRate",
    "CustomField", "CustomFieldChange", "CustomerSpan", "DataCount", "DataSweep", "Deal", "DealChange",
    "DealContact", "DealSpell", "DealTicket", "Decision", "Device", "DomainLook", "Emptying", "EnteredSpend",
    "FormEntry", "HandOff", "HandOver", "HandedRow", "Holiday", "IdempotentAnswer", "IgnoredSender", "Import",
    "ImportKept", "ImportMapping", "ImportPart", "ImportReject", "ImportedRange", "InboundPayload",
    "InboxSettings", "Invitation", "KeyAccountPlan", "KeyAccountPlanChange", "LeaveLinks", "LeavingAnswer",
    "LeavingOffer", "LeavingOfferChange", "LeavingPolicy", "LeavingPolicyChange", "LeftOverFile", "ListChoice",
    "LossReason", "LossReasonChange", "Macro", "Mail", "MailFile", "MailIdentity", "MailPolicy", "MailTemplate",
    "MailThread", "MailboxPlace", "Membership", "Merge", "MovedRows", "MrrMovement", "Notification",
    "NotificationPreference", "Organisation", "OutboundMessage", "Payment", "PaymentAttempt", "PaymentChange",
    "PaymentMethod", "Pending",
    "Pipeline", "PipelineChange", "PublicForm", "PublicFormChange", "Pulse", "Purchase", "PurchaseChange",
    "PurchaseItem", "PurchaseItemChange", "PutAway", "Refund", "RefundChange", "RfmScore", "RoleRight", "Rota",
    "Run", "SavedView", "Segment", "SegmentChange", "SegmentMember", "SegmentMemberChange", "SegmentMoves",
    "SegmentPart", "SegmentSize", "Sender", "ServiceLevel", "Slice", "Stage", "StageChange", "Suppression",
    "Sweep", "Switch", "Task", "TaskChange", "Team", "Ticket", "TicketCategory", "TicketChange", "TicketDraft",
    "TicketFile", "TicketFollower", "TicketMessage", "TicketOverload", "TicketPresence", "TicketRating",
    "TicketSettings", "TicketSpell", "TimelineEntry", "Topic", "User", "Waiting", "Walk", "WebhookDelivery",
    "WebhookEndpoint", "WebhookEndpointChange", "WebhookHour", "WebhookReplay", "WriteKey",
]  # fmt: skip
