"""Today: who needs a person, what waits, and what happens right now. The page gathers; other rooms know."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from time import perf_counter
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.db.models import Count, F, Max, Q, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET

from crm import slots
from crm.accounts import filterbar
from crm.accounts.models import Account
from crm.home import rules
from crm.team.models import User
from crm.timeline.models import TimelineEntry, TimelineQuerySet
from crm.todos.models import Task, TaskLine
from crm.todos.rules import bounds
from crm.web import clock

#: Figures that took longer than this are kept for a minute; small installations always see the present.
_SLOW_SECONDS = 0.1
_KEEP_SECONDS = 60

_TASKS = 6
_FEED = 12
#: How far back the feed looks: a page must not search the whole timeline for somebody who may see little of it.
_RECENT = 5_000
#: Beyond it nobody counts touches.
_MOST_TOUCHES = 10_000


_CUSTOMER = {"field": "lifecycle", "op": "is", "value": Account.Lifecycle.CUSTOMER.value}
#: The filter of the accounts list that shows what a tile counts.
_BEHIND = {
    "customers": filterbar.write([_CUSTOMER]),
    "renewing": filterbar.write([_CUSTOMER, {"field": "renews_on", "op": "in_next_days", "value": rules.RENEWAL_DAYS}]),
    "silent": filterbar.write([_CUSTOMER, {"field": "days_silent", "op": ">=", "value": rules.SILENT_DAYS}]),
}


@require_GET
def today(request: HttpRequest) -> HttpResponse:
    viewer, now = request.user, clock.now()
    assert isinstance(viewer, User)  # LoginRequiredMiddleware let nobody else in
    local = now.astimezone(viewer.zone)
    sight = f"{viewer.role}:{viewer.sees_everything}"  # what was kept for wider eyes is not shown to narrower ones
    kept = _kept_when_slow(f"today:{viewer.pk}:{sight}:{now:%Y%m%d}", lambda: _expensive(viewer, now))
    needs = kept["needs"]
    entries = _feed(viewer, F("newest") - _RECENT)
    context = kept | {
        "greeting": rules.greeting(local),
        "first_name": str(viewer).split()[0],
        "local": local,
        "rows": _rows(viewer, needs if "all" in request.GET else needs[: rules.CAPACITY]),
        "needing": len(needs),
        "capacity": rules.CAPACITY,
        "behind": _BEHIND,
        "tasks": _tasks(viewer, now),
        "entries": entries,
        "newest": max((entry.pk for entry in entries), default=0) or _newest(),
        "steps": _first_steps(kept["figures"]["accounts"]) if viewer.is_admin else [],
    }
    return render(request, "crm/home/today.html", context)


@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """What was recorded after `?after=<id>`; 204 when there is nothing new, which is one index look-up."""
    after, newest = request.GET.get("after", ""), _newest()
    if not after.isdecimal() or len(after) > 18 or int(after) >= newest:
        return HttpResponse(status=204)
    # Also when all of it is hidden from the viewer: the next question then starts behind it.
    entries = _feed(request.user, max(int(after), newest - _RECENT))
    return render(request, "crm/home/live.html", {"entries": entries, "newest": newest})


def _kept_when_slow(key: str, compute: Any) -> dict[str, Any]:
    if found := caches["pages"].get(key):
        return found  # type: ignore[no-any-return]
    started = perf_counter()
    made: dict[str, Any] = compute()
    if perf_counter() - started > _SLOW_SECONDS:
        caches["pages"].set(key, made, _KEEP_SECONDS)
    return made


def _expensive(viewer: User, now: datetime) -> dict[str, Any]:
    return {"figures": _figures(viewer, now)} | _needs(viewer, now)


def _figures(viewer: User, now: datetime) -> dict[str, Any]:
    """The tiles, over all customers that the viewer may see: one pass over accounts, one over this week's touches."""
    day = clock.today(now)
    customer = Q(lifecycle=Account.Lifecycle.CUSTOMER)
    renewing = customer & Q(renews_on__range=(day, day + timedelta(days=rules.RENEWAL_DAYS)))
    silent = customer & Q(silent_since__lte=now - timedelta(days=rules.SILENT_DAYS))
    figures: dict[str, Any] = Account.objects.visible_to(viewer).aggregate(
        accounts=Count("id"),
        customers=Count("id", filter=customer),
        mrr_of_customers=Sum("mrr", filter=customer, default=Decimal(0)),
        renewing=Count("id", filter=renewing),
        renewing_mrr=Sum("mrr", filter=renewing, default=Decimal(0)),
        silent=Count("id", filter=silent),
    )
    return figures | {"renewing_a_year": rules.a_year(figures["renewing_mrr"])} | _touches(viewer, _monday(day))


def _monday(day: date) -> datetime:
    return datetime.combine(day - timedelta(days=day.weekday()), time(0), clock.zone()).astimezone(UTC)


def _touches(viewer: User, since: datetime) -> dict[str, Any]:
    """Facts on a channel that went out from us since then. `recorded_at` has the index that finds the week."""
    ours = (TimelineEntry.Source.PERSON, TimelineEntry.Source.AUTOMATIC)
    week = TimelineEntry.objects.visible_to(viewer).filter(recorded_at__gte=since, occurred_at__gte=since)
    sources = week.filter(source__in=ours).exclude(channel="").values("source")[:_MOST_TOUCHES]
    return sources.aggregate(
        by_people=Count("source", filter=Q(source=TimelineEntry.Source.PERSON)),
        automatic=Count("source", filter=Q(source=TimelineEntry.Source.AUTOMATIC)),
    )


def _needs(viewer: User, now: datetime) -> dict[str, Any]:
    """The most urgent reason of each customer that any room names, the most at stake first, and whether a room has more
    than it may name.

    Each names its worst, so the worst are all here.
    """
    found = [[rules.Need(*row) for row in reason.find(viewer, now, rules.MOST_NEEDS)] for reason in slots.today_reasons]
    needs = rules.most_urgent(need for named in found for need in named)
    mrr = dict(Account.objects.visible_to(viewer).filter(pk__in=needs).values_list("pk", "mrr"))
    ranked = sorted(mrr, key=lambda pk: (-rules.priority(mrr[pk], needs[pk].urgency), pk))
    return {"needs": [needs[pk] for pk in ranked], "more": any(len(named) >= rules.MOST_NEEDS for named in found)}


def _rows(viewer: User, needs: list[rules.Need]) -> list[dict[str, Any]]:
    """Those on the page; who went out of the viewer's sight since they were ranked is left out."""
    visible = Account.objects.visible_to(viewer).select_related("owner")
    accounts = visible.only("name", "mrr", "owner__name", "owner__email").in_bulk([need.account_id for need in needs])
    return [
        {"account": accounts[need.account_id], "need": need, "a_year": rules.a_year(accounts[need.account_id].mrr)}
        for need in needs
        if need.account_id in accounts
    ]


def _tasks(viewer: User, now: datetime) -> list[TaskLine]:
    """What is late or due today, the oldest first."""
    due = Task.objects.waiting_for(viewer, now).filter(due_at__lt=bounds(now, viewer.zone).tomorrow)
    return [task.seen_by(viewer, now) for task in due.for_list().order_by("due_at", "id")[:_TASKS]]


def _newest() -> int:
    return TimelineEntry.objects.aggregate(newest=Max("id"))["newest"] or 0


def _feed(viewer: Any, after: Any) -> list[TimelineEntry]:
    """The newest facts, without imported history, in the order of the times that the page shows.

    Chosen by id: what commits late shows when the page is next loaded. `after` is an id, or an expression over
    `newest`.
    """
    entries: TimelineQuerySet = TimelineEntry.objects.visible_to(viewer).select_related("account", "actor")
    entries = entries.only("source", "occurred_at", "text", "kind", "account__name", "actor__name", "actor__email")
    newest = Subquery(TimelineEntry.objects.order_by("-id").values("id")[:1])
    recent = entries.alias(newest=newest).filter(id__gt=after).exclude(source=TimelineEntry.Source.IMPORT)
    return sorted(recent.order_by("-id")[:_FEED], key=lambda entry: (entry.occurred_at, entry.pk), reverse=True)


def _first_steps(accounts: int) -> list[dict[str, Any]]:
    """What a fresh installation needs; nothing once customers are in and mail has a way out."""
    if accounts and settings.EMAIL_URL:
        return []
    return [
        {
            "done": accounts > 0,
            "title": "Bring your customers in",
            "text": "A CSV file of accounts, then one of contacts and one of contracts.",
            "command": "uv run manage.py import_csv accounts FILE",
        },
        {
            "done": bool(settings.EMAIL_URL),
            "title": "Give mail a way out",
            "text": "Until EMAIL_URL is set in the environment, every message waits and can be read.",
            "command": "EMAIL_URL=smtp://user:password@mail.example.com:587",
        },
        {
            "done": False,
            "title": "Switch on the recipes",
            "text": "Onboarding, renewal reminders and inactivity alerts are off until you want them.",
            "command": "uv run manage.py recipes --enable onboarding renewal-reminder inactivity",
            "url": _menu_url("workflows"),
        },
    ]


def _menu_url(name: str) -> str:
    """The address of another room's page, if that room is there."""
    entry = slots.menu.get(name)
    try:
        return reverse(entry.url_name) if entry else ""
    except NoReverseMatch:
        return ""
