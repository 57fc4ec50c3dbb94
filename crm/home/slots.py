"""Menu entries, the two reasons for Today that the record itself knows, and what the engine room tells other pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import (
    DateTimeField,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Least
from django.http import HttpRequest
from django.urls import reverse

from crm import slots
from crm.accounts.models import Account, AccountQuerySet
from crm.home import actions, headline, jumps, rules
from crm.home.models import Alarm
from crm.slots import Explanation, FilterField, Notice
from crm.team.models import User
from crm.team.viewer import viewer_of
from crm.timeline.models import TimelineEntry
from crm.web import clock, standing, wording
from crm.web.standing import Standing

#: Whom it is worth to keep: not those who never bought, nor those who have gone.
_KEPT = (Account.Lifecycle.CUSTOMER, Account.Lifecycle.TRIAL, Account.Lifecycle.PAUSED)

Found = Iterator[tuple[int, str, float, str]]


def looked_after_by(viewer: User) -> AccountQuerySet:
    """Customers that this user should think of: an admin of all, everybody else of their own and of nobody's."""
    visible = Account.objects.visible_to(viewer).filter(lifecycle__in=_KEPT)
    return visible if viewer.is_admin else visible.filter(Q(owner=viewer) | Q(owner=None))


def renewals(viewer: User, now: datetime, limit: int) -> Found:
    """Renewals in sight, the most revenue × urgency first."""
    today = clock.today(now)
    soon = looked_after_by(viewer).filter(renews_on__range=(today, today + timedelta(days=rules.RENEWAL_DAYS)))
    days = _field("days_to_renewal", now)
    for account, left, _, touched in _worst(soon, days, rules.renewal_urgency(days), limit):
        untouched = None if touched is None else (now - touched).days
        sentence, urgency = rules.renewal_need(left, untouched)
        yield account, sentence, urgency, "Call"


def silence(viewer: User, now: datetime, limit: int) -> Found:
    """Customers whom nobody has seen for long, the most revenue × urgency first."""
    quiet = looked_after_by(viewer).filter(silent_since__lte=now - timedelta(days=rules.SILENT_DAYS))
    days = _field("days_silent", now)
    urgency = rules.silence_urgency(Least(days, rules.SILENT_DAYS_WORST))
    for account, silent, urgent, _ in _worst(quiet, days, urgency, limit):
        yield account, f"Nobody has seen them for {rules.days_words(silent)}", urgent, "Say hello"


def _worst(
    accounts: AccountQuerySet, days: Any, urgency: Any, limit: int
) -> list[tuple[int, int, float, datetime | None]]:
    """(account, days, urgency, last touch), by the same urgency × revenue that ranks the page.

    The last touch is looked for when the worst are known: a select list that costs is worked out behind the LIMIT.
    """
    ranked = accounts.annotate(
        days=days, urgency=ExpressionWrapper(urgency, output_field=FloatField()), revenue=Cast("mrr", FloatField()),
        touched=last_touch(),
    ).order_by((F("revenue") * F("urgency")).desc(), "id")  # fmt: skip
    return list(ranked.values_list("pk", "days", "urgency", "touched")[:limit])


def last_touch() -> Subquery:
    """When somebody of ours last spoke or wrote to the customer, or a mail left for them."""
    touches = TimelineEntry.objects.filter(Q(source="person") | Q(kind="email.sent"), account=OuterRef("pk"))
    return Subquery(touches.order_by("-occurred_at", "-id").values("occurred_at")[:1])


def _days_untouched(argument: str | None, now: datetime) -> Any:
    """Whole days of 24 hours since the last touch; of a customer whom nobody ever touched, since they were added."""
    return Func(
        Value(now, DateTimeField()), Coalesce(last_touch(), F("created_at")), arg_joiner=" - ",
        output_field=IntegerField(), template="floor(extract(epoch FROM %(expressions)s) / 86400)::integer",
    )  # fmt: skip


def _field(name: str, now: datetime) -> Any:
    return slots.filter_subjects["account"].fields[name].expression(None, now)


def needing_mending(viewer: User) -> int | None:
    """What is late or parked; uncertain and failed mail stands at the entry of mail already."""
    how = standing.seen_by(viewer)
    return how.total("parked") + how.total("late") or None


def standing_still(request: HttpRequest, how: Standing) -> Notice | None:
    """The alarm itself, worked out by whoever shows the page: a dead worker cannot say that it is dead."""
    if not (how.alarming and viewer_of(request).is_admin):
        return None
    return Notice("Work stands still.", how.plight, reverse("home:engine"), "Engine room", "bad")


def mail_stopped(request: HttpRequest, how: Standing) -> Notice | None:
    """Mail that waits because somebody holds it, on pages other than those that say so themselves."""
    because = headline.mail_stopped(how)
    return Notice("No mail leaves.", because, reverse("outbox:list"), "Mail") if because else None


def explain(ids: Sequence[int]) -> dict[int, Explanation]:
    """Why a mail of the alarm exists."""
    url = reverse("home:engine")
    return {
        alarm.pk: Explanation(
            "Alarm", url, [("Cause", alarm.cause), ("Longest wait", wording.length(alarm.worst))]
        )
        for alarm in Alarm.objects.filter(pk__in=ids)
    }  # fmt: skip


slots.menu.register("today", slots.MenuEntry("Today", "house", "home:today", 10))
if settings.HOLDFAST_DEMO:
    slots.menu.register("demo-mail", slots.MenuEntry("Demo mail", "mailbox", "home:demo_mail", 95))
slots.menu.register(
    "engine",
    slots.MenuEntry("Engine room", "gauge", "home:engine", 85, needing_mending, frozenset({"admin"})),
)
slots.notices.register("alarm", standing_still)
slots.notices.register("mail", mail_stopped)
slots.watchers.register("alarm", actions.watch)
slots.explainers.register("alarm", explain)
slots.today_reasons.register("renewal", slots.TodayReason(renewals, 10))
slots.today_reasons.register("silence", slots.TodayReason(silence, 20))
slots.filter_subjects["account"].fields.register(
    "days_untouched", FilterField("Left alone", "number", _days_untouched, unit="days")
)
slots.search_sources.register("actions", slots.SearchSource("Do", jumps.actions, of_record=False, order=50))
slots.search_sources.register("pages", slots.SearchSource("Go to", jumps.pages, of_record=False, order=60))
slots.settings_pages.register(
    "calendar",
    slots.SettingsPage(
        "Calendar", "Your tasks and renewals in your own calendar", "calendar", "home:calendar", "You", 40,
        roles=frozenset({"admin", "manager", "agent"}),
    ),
)  # fmt: skip
slots.owned_rows.register(
    "put_away", slots.OwnedRows("crm.PutAway", "account", ("customer put off", "customers put off"), "drop", "keep")
)
