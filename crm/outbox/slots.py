"""What the outbox gives to others: its work, and a menu entry that counts what needs a person."""

from collections.abc import Sequence
from datetime import datetime

from crm import slots
from crm.accounts.models import Contact
from crm.outbox import actions, checks, load, panels, repairs  # noqa: F401  (importing it registers it)
from crm.outbox.models import MessageQuerySet, OutboundMessage, Suppression
from crm.team.models import User
from crm.web import standing


def needing_eyes(viewer: User) -> int | MessageQuerySet | None:
    """Uncertain and failed messages of customers that the viewer sees; an admin sees all, which are counted anyway."""
    if viewer.is_admin:
        how = standing.seen_by(viewer)
        return how.total("uncertain") + how.total("failed") or None
    return OutboundMessage.objects.visible_to(viewer).needing_eyes()


def suppressed(people: Sequence[Contact], now: datetime) -> dict[int, slots.Mark]:
    """Whose address gets nothing any more, and why."""
    by_address = {person.email: person.pk for person in people if person.email}
    found = Suppression.objects.filter(address__in=list(by_address))
    return {by_address[row.address]: slots.Mark("suppressed", "bad", row.reason) for row in found}


slots.contact_marks.register("suppression", suppressed)
slots.work.register("outbox", slots.Work(run=actions.work, next_due=actions.next_due, order=20))
slots.loads.register("outbox", slots.LoadSource("Mail", load.select, load.address, load.waiting_words, order=20))
slots.account_panels.register("mail", slots.Panel("crm/outbox/panel.html", panels.held_back, 50))
slots.throughput.register("outbox", load.lately)
slots.repairs.register("uncertain", repairs.UNCERTAIN)
slots.repairs.register("failed", repairs.FAILED)
slots.menu.register(
    "mail",
    slots.MenuEntry("Mail", "mail", "outbox:list", 50, needing_eyes),
)
