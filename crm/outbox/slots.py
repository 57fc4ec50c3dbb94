"""What the outbox gives to others: its work, and a menu entry that counts what needs a person."""

from collections.abc import Sequence
from datetime import datetime

from crm import slots
from crm.accounts.models import Contact
from crm.history.undoing import echoes
from crm.outbox import actions, approving, checks, complaining, load, panels, repairs, trying  # noqa: F401  (importing it registers it)
from crm.outbox.connecting import register_integrations
from crm.outbox.erasing import forget_in_mail, forget_in_notifications
from crm.outbox.models import Notification, OutboundMessage, Suppression
from crm.outbox.notifications import digest, fall_or_rise, notify
from crm.outbox.reachable import register_checks
from crm.team.models import User
from crm.team.viewer import SIGHT
from crm.web import standing
from crm.web.composed import Asked, Composed

_needing_eyes = Composed(
    lambda viewer: OutboundMessage.objects.visible_to(viewer).needing_eyes().values_list("pk"), SIGHT
)
_unread = Composed(lambda viewer: Notification.objects.visible_to(viewer).unread().values_list("pk"), SIGHT)


def needing_eyes(viewer: User) -> int | Asked | None:
    """Uncertain and failed messages of customers that the viewer sees; an admin sees all, which are counted anyway."""
    if viewer.is_admin:
        how = standing.seen_by(viewer)
        return how.total("uncertain") + how.total("failed") or None
    return _needing_eyes.asked(viewer)


def suppressed(people: Sequence[Contact], now: datetime) -> dict[int, slots.Mark]:
    """Whose address gets nothing any more, and why."""
    by_address = {person.email: person.pk for person in people if person.email}
    found = Suppression.among(by_address)
    return {by_address[address]: slots.Mark("suppressed", "bad", row.reason) for address, row in found.items()}


def unread(viewer: User) -> Asked:
    return _unread.asked(viewer)


slots.tellers.register("bell", notify)
slots.work.register("digest", slots.Work(run=digest.work, next_due=digest.next_due, order=15))
slots.explainers.register(digest.ORIGIN, digest.explain)
slots.explainers.register(OutboundMessage.TEST, trying.explain)
slots.menu.register(
    "notifications", slots.MenuEntry("Notifications", "bell", "notifications:list", 0, unread, place="bell")
)
for order, (name, kind) in enumerate({
    "task.assigned": ("Task assigned", "A colleague gives you a task.", "square-check"),
    "note.mention": ("Mentioned", "A colleague mentions you in a note.", "at-sign"),
    "account.assigned": ("Customer assigned", "A colleague makes you the owner of a customer.", "building-2"),
    "handover.received": ("Hand-over", "You take over what a colleague looked after.", "handshake"),
    "mail.to_approve": ("Mail to approve", "A workflow wrote a mail that waits for your yes.", "mail-question-mark"),
    "import.finished": ("Import finished", "A file that you brought in has been read.", "file-input"),
    "bulk.finished": ("Bulk act finished", "What you did to many rows at once is done.", "layers"),
}.items()):  # fmt: skip
    given = name in ("task.assigned", "account.assigned", "handover.received")
    slots.notification_kinds.register(name, slots.NotificationKind(*kind, order=10 * order, falls=given))
echoes.register("notifications", fall_or_rise)
slots.settings_pages.register(
    "notifications",
    slots.SettingsPage(
        "Notifications", "What you are told, and how", "bell", "notifications:preferences", "You", 30,
        roles=frozenset({"admin", "manager", "agent"}),
    ),
)  # fmt: skip
slots.settings_pages.register(
    "senders",
    slots.SettingsPage(
        "Senders", "Addresses that mail leaves from, and how fast", "at-sign", "senders:list", "Mail", 15,
        keywords="from rate limit pause test",
    ),
)  # fmt: skip
slots.owned_rows.register(
    "notifications",
    slots.OwnedRows("crm.Notification", "account", ("", ""), "move", "keep"),
)
slots.contact_marks.register("suppression", suppressed)
slots.work.register("outbox", slots.Work(run=actions.work, next_due=actions.next_due, order=20))
slots.work.register("approvals", slots.Work(run=approving.work, next_due=approving.next_due, order=19))
slots.work.register("chats", slots.Work(run=actions.work_chats, next_due=actions.next_chat, order=21))
slots.loads.register("outbox", slots.LoadSource("Mail", load.select, load.address, load.waiting_words, order=20))
slots.contact_panels.register("mail", slots.Panel("crm/outbox/letters.html", panels.letters, 30))
slots.account_panels.register("mail", slots.Panel("crm/outbox/panel.html", panels.held_back, 50))
slots.throughput.register("outbox", load.lately)
slots.holdings.register(
    "approvals",
    slots.Holding(
        "crm.OutboundMessage", ("mail to approve", "mails to approve"), "approver_id", "t.state = 'asked'", order=25
    ),
)
slots.repairs.register("uncertain", repairs.UNCERTAIN)
slots.repairs.register("failed", repairs.FAILED)
slots.menu.register(
    "mail",
    slots.MenuEntry("Mail", "mail", "outbox:list", 50, needing_eyes),
)
slots.owned_rows.register(
    "account_mails", slots.OwnedRows("crm.OutboundMessage", "account", ("mail", "mails"), "move", "keep")
)
slots.owned_rows.register(
    "contact_mails",
    slots.OwnedRows(
        "crm.OutboundMessage", "contact", ("mail", "mails"), "move", forget_in_mail,
        slots.exported(
            OutboundMessage, "contact", "category", "state", "to_address", "planned_for", "sending_at", "reason",
            "rendered_subject", "rendered_body",
        ),
        told=slots.Told(
            "Mail from us", panels.said_of, lambda row: row["sending_at"] or row["planned_for"],
            lambda row: str(row["rendered_body"]), order=30,
        ),
    ),
)  # fmt: skip
slots.inbox_handlers.register(complaining.KIND, complaining.handle)
slots.traces.register("notifications", forget_in_notifications)
register_checks()
register_integrations()
slots.register_facts(
    "Mail",
    {
        "email.sent": "Mail sent", "email.bounced": "Mail came back", "email.uncertain": "Mail may have been sent",
        "email.complained": "Mail was called unwanted", "email.preferences": "Person chose what mail they want",
        "automation.paused": "Automation told to rest", "automation.resumed": "Automation may write again",
        "email.unsubscribed": "Person unsubscribed", "email.resubscribed": "Person subscribed again",
        "chat.sent": "Chat message sent",
    },
    message=88, category="service",
)  # fmt: skip
