"""How tickets show elsewhere: in the rail, beside a customer and a person, among the reasons of Today."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.http import HttpRequest

from crm import slots
from crm.accounts.models import Account, Contact
from crm.team.models import User
from crm.team.permissions import allows
from crm.team.viewer import SIGHT
from crm.tickets import rules
from crm.tickets.models import OPEN, Ticket
from crm.tickets.rules.due import SOON
from crm.tickets.rules.mood import FRUSTRATED
from crm.web import clock
from crm.web.composed import Asked, Composed

#: From so much lateness on it cannot be more urgent.
_WORST = timedelta(days=2)


def _waiting(viewer: User, soon: datetime) -> Any:
    theirs = Q(assignee=viewer) | Q(assignee=None, due_by__lt=soon)
    rows = Ticket.objects.visible_to(viewer).filter(theirs, status__in=sorted(rules.WAITS_FOR_US))
    return rows.filter(is_spam=False, merged_into=None).values_list("pk")


_that_wait = Composed(_waiting, SIGHT, datetime)


def waiting(viewer: User) -> Asked | None:
    """What waits for the viewer: their own, and what nobody has and is due soon."""
    return _that_wait.asked(viewer, clock.now() + SOON) if allows(viewer, "tickets") else None


def _beside(subject: str) -> Any:
    """A panel that fetches what it shows, so that the page is there before."""

    def panel(of: Account | Contact, request: HttpRequest) -> dict[str, Any] | None:
        viewer: Any = request.user
        return {"subject": subject, "of": of.pk} if allows(viewer, "tickets") else None

    return slots.Panel("crm/tickets/beside.html", panel, 15)


def _theirs(viewer: User) -> Any:
    """Tickets in hand of customers of the viewer's, by owner or by ticket."""
    rows = Ticket.objects.visible_to(viewer).filter(Q(assignee=viewer) | Q(account__owner=viewer), status__in=OPEN)
    return rows.filter(is_spam=False, merged_into=None, account__isnull=False)


def overdue(viewer: User, now: datetime, limit: int) -> Any:
    """Customers who wait for an answer too long."""
    late = _theirs(viewer).filter(due_by__lt=now).order_by("due_by", "id")
    return slots.named_rows("ticket", late, limit, number=F("id"), moment=F("due_by"), words=F("subject"))


def upset(viewer: User, now: datetime, limit: int) -> Any:
    """Those who were angry when they wrote, and do not wait too long yet."""
    rows = _theirs(viewer).filter(mood__lte=FRUSTRATED, status__in=sorted(rules.WAITS_FOR_US))
    rows = rows.filter(Q(due_by__gte=now) | Q(due_by=None)).order_by("mood", "id")
    return slots.named_rows("upset", rows, limit, number=F("id"), words=F("subject"))


def _said_overdue(pk: int, due_by: datetime, subject: str, now: datetime) -> tuple[str, float, str]:
    return f"Ticket #{pk} {_late(now - due_by)}: {subject}", lateness(now - due_by), "Answer"


def _said_upset(pk: int, moment: None, subject: str, now: datetime) -> tuple[str, float, str]:
    return f"Upset in ticket #{pk}: {subject}", lateness(timedelta()), "Call"


def lateness(passed: timedelta) -> float:
    """0.6 when it has just become late, 1 from two days on."""
    return 0.6 + 0.4 * min(passed / _WORST, 1)


def _late(passed: timedelta) -> str:
    if passed >= timedelta(days=1):
        return f"{passed.days} day{'' if passed.days == 1 else 's'} overdue"
    hours = passed // timedelta(hours=1)
    return f"{hours} hour{'' if hours == 1 else 's'} overdue" if hours else "overdue"


def register_panels() -> None:
    slots.menu.register("tickets", slots.MenuEntry("Tickets", "ticket", "tickets:list", 27, waiting))
    slots.menu.register(
        "insight", slots.MenuEntry("Ticket insight", "chart-line", "tickets:insight", 28, place="search")
    )
    slots.menu.register(
        "ratings", slots.MenuEntry("What customers said", "star", "tickets:ratings", 29, place="search")
    )
    slots.account_panels.register("tickets", _beside("account"))
    slots.contact_panels.register("tickets", _beside("contact"))
    slots.today_rows.register("ticket", slots.TodayRows(overdue, _said_overdue, 25))
    slots.today_rows.register("upset", slots.TodayRows(upset, _said_upset, 26))
