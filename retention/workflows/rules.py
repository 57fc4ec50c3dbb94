"""When a wait ends, and when an enrollment is due: civil time where the recipient is, without a database."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from crm.ledger.rules import add_months
from crm.web.rules import local_moment

type Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

#: In the order of date.weekday().
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CALLED = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")

#: A calendar day has begun somewhere on Earth this long before it begins in UTC.
EARLIEST_DAWN = timedelta(hours=14)

#: After so many failures an enrollment is parked for a person to look at.
MOST_ATTEMPTS = 5
#: One that fails alone is tried again so much later.
PAUSE_AFTER_FAILURE = timedelta(minutes=1)


#: So many workflows may set each other off in a row, by enrolling or by facts that their steps record.
MOST_DEPTH = 5
TOO_DEEP = f"{MOST_DEPTH} workflows in a row have set each other off, and that is enough"

#: Begins the trigger key of whoever was enrolled by a person, whatever made others enter.
BY_HAND = "hand:"


def next_time(now: datetime, at: time, zone: ZoneInfo, weekday: str | None = None) -> datetime:
    """The next moment, `now` included, at which clocks in `zone` show `at` (on that weekday)."""
    day = now.astimezone(zone).date()
    if weekday:
        day += timedelta(days=(WEEKDAYS.index(weekday) - day.weekday()) % 7)
    found = local_moment(day, at, zone)
    return found if found >= now else local_moment(day + timedelta(days=7 if weekday else 1), at, zone)


def allowed_from(
    moment: datetime, zone: ZoneInfo, first: time, last: time, weekdays: Collection[str] = WEEKDAYS
) -> datetime | None:
    """The next moment within [first, last) on one of these weekdays, on the wall of `zone`; None: `moment` is in it.

    The same `first` and `last` stand for the whole day.
    """
    today = moment.astimezone(zone).date()
    for ahead in range(9):  # a week, a day that a zone leaves out, and today once more
        day = today + timedelta(days=ahead)
        if WEEKDAYS[day.weekday()] not in weekdays:
            continue
        begin = local_moment(day, first, zone)
        end = local_moment(day if last != first else day + timedelta(days=1), last, zone)
        if moment < end:
            return None if begin <= moment else begin
    raise ValueError("no weekday is allowed")


def weekdays_in_words(chosen: Collection[str]) -> str:
    """“Mondays to Fridays”, “Mondays and Thursdays”."""
    places = [place for place, name in enumerate(WEEKDAYS) if name in chosen]
    if len(places) > 2 and places == list(range(places[0], places[-1] + 1)):
        return f"{_CALLED[places[0]]} to {_CALLED[places[-1]]}"
    *most, final = (_CALLED[place] for place in places)
    return f"{', '.join(most)} and {final}" if most else final


def days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def yearly_between(first: date, last: date) -> list[tuple[int, int, date]]:
    """(month, day, date) of each day in this stretch, both ends included: whose day of the year it is.

    29 February is kept on the 28th in common years.
    """
    found = []
    for ahead in range((last - first).days + 1):
        day = first + timedelta(days=ahead)
        found.append((day.month, day.day, day))
        if (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3:
            found.append((2, 29, day))
    return found


def after(begin: datetime, days: int, rest: timedelta, at: time | None, zone: ZoneInfo) -> datetime:
    """`days` calendar days and `rest` from `begin`; with `at`, the first such time of day from then on."""
    local = begin.astimezone(zone)
    then = local_moment(local.date() + timedelta(days=days), local.time(), zone) + rest
    return then if at is None else next_time(then, at, zone)


def end_of_await(due: datetime, begin: datetime, deadline: datetime, told: datetime | None) -> datetime:
    """When waiting for a fact that was `told` then (None: it was not) is over; `due` is when it was woken last.

    A fact from before the wait ends it where it is met: on arrival, or when another customer's timeline was joined.
    """
    if told is None:
        return deadline
    return due if told <= begin else min(told, deadline)


def last_day_begun(now: datetime) -> date:
    """The latest calendar day that has begun anywhere on Earth."""
    return (now + EARLIEST_DAWN).date()


def latest_of_month(day: int, today: date) -> date:
    """The latest such day of a month, today included; `day` is 1 to 28."""
    found = today.replace(day=day)
    return found if found <= today else add_months(found, -1)


def next_of_month(day: int, today: date) -> date:
    """The next such day, from tomorrow on."""
    return add_months(latest_of_month(day, today), 1)


def same_hour(one: datetime, other: datetime) -> bool:
    """Whether both lie in the same hour of the clock."""
    return int(one.timestamp()) // 3600 == int(other.timestamp()) // 3600


def batch_size(attempts: int, full: int) -> int:
    """How many enrollments that failed `attempts` times together are tried together next: an eighth of what was
    tried before, until the one that fails is alone."""
    return max(1, full >> (3 * attempts))
