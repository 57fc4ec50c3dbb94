"""The calendar that other programs read along: one's tasks, renewals and holidays, behind a secret address."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import condition, require_http_methods, require_POST, require_safe
from icalendar import Calendar, Event

from crm.accounts.models import Account
from crm.home.models import CalendarFeed
from crm.team.models import User, hours_of
from crm.team.viewer import viewer_of
from crm.todos.models import Task
from crm.web import clock, wording
from crm.web.rules import local_moment
from crm.web.toasts import toast

#: What lies further back or ahead is not in the calendar; and no more than so many of each.
_BACK, _AHEAD = timedelta(days=60), timedelta(days=400)
_MOST = 1000
#: A task takes so long in a calendar, which cannot show a point in time.
_TAKES = timedelta(minutes=30)
#: Calendars are asked to come again after so long.
_AGAIN = timedelta(minutes=30)


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Whether there is a calendar; a POST makes one, or a new address for it, which is shown this once."""
    viewer = viewer_of(request)
    context: dict[str, Any] = {}
    if request.method == "POST":
        secret = CalendarFeed.issue(viewer, clock.now())
        context["address"] = settings.BASE_URL + reverse("home:calendar_feed", args=[secret])
    context["calendar"] = CalendarFeed.objects.filter(user=viewer).first()
    answer = render(request, "crm/home/calendar.html", context)
    patch_cache_control(answer, no_store=True)
    return answer


@require_POST
def revoking(request: HttpRequest) -> HttpResponse:
    """The address leads nowhere from now on."""
    if CalendarFeed.objects.filter(user=viewer_of(request)).delete()[0]:
        toast(request, "The calendar’s address leads nowhere now.")
    return redirect("home:calendar")


def _owner(request: HttpRequest, secret: str) -> User:
    """Whose calendar it is. An address that is unknown, revoked, or of somebody who has left, is like none at all."""
    if not hasattr(request, "calendar_of"):
        feed = CalendarFeed.of(secret, clock.now()) if secret.isascii() and len(secret) < 100 else None
        request.calendar_of = feed.user if feed else None  # type: ignore[attr-defined]
    if request.calendar_of is None:  # type: ignore[attr-defined]
        raise Http404
    return request.calendar_of  # type: ignore[attr-defined,no-any-return]


def _written(request: HttpRequest, secret: str) -> bytes:
    """The calendar; it says the same until something in it changes."""
    if not hasattr(request, "calendar_text"):
        user, now = _owner(request, secret), clock.now()
        calendar = Calendar()
        calendar.add("prodid", "-//Holdfast//Tasks and renewals//EN")
        calendar.add("version", "2.0")
        calendar.add("x-wr-calname", "Holdfast")
        calendar.add("refresh-interval", _AGAIN, parameters={"value": "DURATION"})
        for event in (*_tasks(user, now), *_renewals(user, now), *_holidays(user, now)):
            calendar.add_component(event)
        request.calendar_text = calendar.to_ical()  # type: ignore[attr-defined]
    return request.calendar_text  # type: ignore[attr-defined,no-any-return]


def _etag(request: HttpRequest, secret: str) -> str:
    return f'"{hashlib.sha256(_written(request, secret)).hexdigest()[:32]}"'


@require_safe
@login_not_required
@condition(etag_func=_etag)
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar as iCalendar (RFC 5545), for whoever knows the address."""
    answer = HttpResponse(_written(request, secret), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'inline; filename="holdfast.ics"'
    answer["X-Robots-Tag"] = "noindex"
    patch_cache_control(answer, private=True, no_cache=True)
    return answer


def _tasks(user: User, now: datetime) -> Iterator[Event]:
    """Open tasks of the user; a customer whom they may not see is not named."""
    rows = Task.objects.visible_to(user).filter(owner=user, due_at__gte=now - _BACK, due_at__lt=now + _AHEAD).open()
    found = list(rows.as_lines().order_by("due_at", "id")[:_MOST])
    named = {row["account_id"] for row in found if row["account_id"]}
    seen = set(Account.objects.visible_to(user).filter(pk__in=named).values_list("pk", flat=True)) if named else set()
    for row in found:
        about = row["account__name"] if row["account_id"] in seen else ""
        title = f"{row['title']} · {about}" if about else row["title"]
        event = _event(f"task-{row['id']}", title, reverse("todos:detail", args=[row["id"]]), row["due_at"])
        event.add("dtstart", row["due_at"])
        event.add("duration", _TAKES)
        yield event


def _renewals(user: User, now: datetime) -> Iterator[Event]:
    """Customers of the user whose contract runs out, as whole days."""
    today = clock.today(now)
    rows = Account.objects.visible_to(user).filter(owner=user, renews_on__range=(today, today + _AHEAD))
    values = rows.order_by("renews_on", "id").values_list("pk", "name", "mrr", "renews_on")
    for pk, name, mrr, renews_on in values[:_MOST]:
        title = f"Renewal: {name} ({wording.money(mrr, settings.CURRENCY)} a month)"
        assert renews_on  # the filter wants it
        stamp = local_moment(renews_on, time(0), clock.zone())
        event = _event(f"renewal-{pk}-{renews_on}", title, reverse("accounts:detail", args=[pk]), stamp)
        event.add("dtstart", renews_on)
        event.add("transp", "TRANSPARENT")
        yield event


def _holidays(user: User, now: datetime) -> Iterator[Event]:
    """Days on which the user's house is closed."""
    hours, today = hours_of(user), clock.today(now)
    for closed in hours.closed:
        day = closed.next_from(today)
        if day is None or day > today + _AHEAD:
            continue
        # A holiday that has begun is one event, with the days that it has left.
        uid = f"holiday-{day}-{hashlib.sha256(closed.name.encode()).hexdigest()[:12]}"
        event = _event(uid, closed.name, reverse("home:today"), local_moment(day, time(0), hours.zone))
        event.add("dtstart", day)
        event.add("dtend", closed.last_from(day) + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        yield event


def _event(uid: str, title: str, path: str, stamp: Any) -> Event:
    """The stamp is of the event, not of the asking: a calendar that has not changed says the same again."""
    event = Event()
    event.add("uid", f"{uid}@{settings.BASE_URL.partition('://')[2]}")
    event.add("dtstamp", stamp)
    event.add("summary", title)
    event.add("url", settings.BASE_URL + path)
    return event
