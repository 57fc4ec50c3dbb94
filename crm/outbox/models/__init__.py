"""The one outbox: every message that leaves is a row here, with a unique key, a state and a reason for it."""

from crm.outbox.models.messages import MailTemplate, MessageQuerySet, OutboundMessage
from crm.outbox.models.moving import Decision, Slice
from crm.outbox.models.notifications import Notification, NotificationPreference, NotificationQuerySet
from crm.outbox.models.policy import CHATS, GATE, MailPolicy, Sender, Suppression, Switch
from crm.outbox.models.topics import Topic, TopicQuerySet

__all__ = [
    "CHATS", "GATE", "Decision", "MailPolicy", "MailTemplate", "MessageQuerySet", "Notification",
    "NotificationPreference", "NotificationQuerySet", "OutboundMessage", "Sender", "Slice",
    "Suppression", "Switch", "Topic", "TopicQuerySet",
]  # fmt: skip
