"""What the outbox gives to others: its work, and a menu entry that counts what needs a person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse

from crm import slots
from crm.accounts.models import Contact
from crm.history.undoing import echoes, irrevocable
from crm.outbox import (
    actions,
    approving,
    bouncing,
    checks,  # noqa: F401  (importing it registers it)
    complaining,
    load,
    panels,
    policy,
    pressure,
    repairs,
    resting,
    trying,
)
from crm.outbox.connecting import register_integrations
from crm.outbox.erasing import forget_in_mail, forget_in_notifications
from crm.outbox.models import Notification, OutboundMessage, Suppression
from crm.outbox.notifications import digest, fall_or_rise, notify
from crm.outbox.reachable import register_checks
from crm.outbox.stopping import now_thrown
from crm.team.models import User
from crm.team.viewer import SIGHT
from crm.web import clock, standing
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


def to_approve(viewer: User) -> QuerySet[OutboundMessage]:
    """Mail that waits for the viewer's yes."""
    return approving.may_be_approved_by(OutboundMessage.objects.all(), viewer, clock.now())


def awaiting_a_yes(viewer: User, now: datetime, limit: int) -> Any:
    """Customers to whom mail waits for the viewer's yes, the first to leave first."""
    rows = OutboundMessage.objects.asked().visible_to(viewer).filter(approver=viewer, account__isnull=False)
    return slots.named_rows("approvals", rows.order_by("due_at", "id"), limit, moment=F("due_at"), words=Value(""))


def _asked(number: int, due_at: datetime, words: str, now: datetime) -> tuple[str, float, str]:
    return "A mail to them waits for your yes", 0.6, "Read it"


def stopped_by_hand(request: HttpRequest, how: Any) -> slots.Notice | None:
    """Everything automatic, or a kind of mail, is stopped; kept as long as how the work stands."""
    switches = standing.kept_beside("stops", now_thrown).switches
    thrown = next((one for one in switches if one.scope == "automatic" or one.scope.startswith("category:")), None)
    if not thrown:
        return None
    by = f" by {thrown.thrown_by}" if thrown.thrown_by else ""
    title = f"Stopped{by}: {thrown.words}."
    return slots.Notice(title, thrown.reason, reverse("sending:settings"), "Sending", "bad")


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
slots.settings_pages.register(
    "sending",
    slots.SettingsPage(
        "Sending", "How often, when, what is stopped", "gauge", "sending:settings", "Mail", 12,
        keywords="kill switch stop everything automatic cap quiet hours pause pressure limit",
    ),
)  # fmt: skip
slots.settings_pages.register(
    "topics",
    slots.SettingsPage(
        "Topics", "What mail is about, and may be refused", "tags", "sending:topics", "Mail", 14,
        keywords="preferences unsubscribe categories consent",
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
slots.contact_panels.register("wishes", slots.Panel("crm/outbox/wishes.html", panels.wishes, 25))
slots.account_reads.register(resting.READ, resting.read)
slots.account_panels.register("resting", slots.Panel("crm/outbox/resting.html", resting.panel, 38))
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
slots.inbox_handlers.register(bouncing.KIND, bouncing.handle)
slots.traces.register("notifications", forget_in_notifications)
for done in (policy.STOPPED, policy.LIFTED):
    irrevocable.register(done, "What left or waited meanwhile is done. Do the opposite under Settings, Sending.")
for done in (pressure.PAUSED, pressure.LIFTED):
    irrevocable.register(done, "Say the opposite on the person’s page, with a reason.")
for done in ("topic.written", "topic.retired"):
    irrevocable.register(done, "Change it again under Settings, Topics.")
irrevocable.register("mail.limits_changed", "Set it as you want it under Settings, Sending.")
slots.kept_tables.register("crm.Topic", slots.KeptTable())
slots.mail_tabs.register("approvals", slots.MenuEntry("To approve", "mail-check", "approvals:list", 5, to_approve))
slots.today_rows.register("approvals", slots.TodayRows(awaiting_a_yes, _asked, 35))
slots.notices.register("automatic", stopped_by_hand)
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
