"""Menu entries, the reasons for Today that the record itself knows, and what the engine room tells other pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import DateTimeField, F, Func, IntegerField, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse

from crm import slots
from crm.accounts.models import Account
from crm.home import actions, headline, jumps, meter, reasons, rules
from crm.home.models import Alarm
from crm.slots import Explanation, FilterField, Notice
from crm.team.models import User
from crm.team.viewer import viewer_of
from crm.web import standing, wording
from crm.web.standing import Standing


def _days_untouched(argument: str | None, now: datetime) -> Any:
    """Whole days of 24 hours since the last touch; of a customer whom nobody ever touched, since they were added."""
    return Func(
        Value(now, DateTimeField()), Coalesce(reasons.last_touch(), F("created_at")), arg_joiner=" - ",
        output_field=IntegerField(), template="floor(extract(epoch FROM %(expressions)s) / 86400)::integer",
    )  # fmt: skip


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
for place, name in enumerate(reasons.NAMES):
    slots.today_reasons.register(name, slots.TodayReason(reasons.finder(name), 10 + place))
for name, of in slots.today_rows.items():  # of the rooms below, which are all there by now
    slots.today_reasons.register(name, slots.TodayReason(reasons.finder(name), of.order))
slots.filter_subjects["account"].fields.register(
    "days_untouched", FilterField("Left alone", "number", _days_untouched, unit="days")
)
slots.filter_subjects["account"].fields.register(
    "automated_share", FilterField(f"Touched by machine, % of {meter.DAYS} days", "number", meter.share)
)
slots.data_checks.register(
    "untouched",
    slots.DataCheck(
        f"whom nobody has touched for {rules.UNTOUCHED_DAYS} days", "account", "Customers",
        {"field": "days_untouched", "op": ">=", "value": rules.UNTOUCHED_DAYS},
        "Whoever hears nothing from us for a month finds it easy to go.",
        "Choose those who matter most and plan a call with each.",
        among={"field": "lifecycle", "op": "is", "value": Account.Lifecycle.CUSTOMER.value}, weight=2,
    ),
)  # fmt: skip
slots.search_sources.register("actions", slots.SearchSource("Do", jumps.actions, of_record=False, order=50))
slots.search_sources.register("pages", slots.SearchSource("Go to", jumps.pages, of_record=False, order=60))
slots.search_sources.register("as-task", slots.SearchSource("Or", jumps.as_task, of_record=False, order=70))
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
