"""When a failed payment is tried again, how long access stays, and what is said of both: arithmetic.

Days are those of the customer's own wall: a try belongs to their morning, to a day on which they have money.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.team.hours import ClosedDays
from crm.web.rules import local_moment

DAY = timedelta(days=1)
#: Whoever asked has an answer by then, or none comes.
PATIENCE = DAY
#: … unless it went by a way that takes days (a bank debit), or a bridge that answers by what it reports.
SLOW_PATIENCE = timedelta(days=7)
#: A look goes back so far, for what billing tells late; once an hour as far as anybody chases.
LOOKS_BACK, LOOKS_FAR_BACK = timedelta(days=4), timedelta(days=60)
#: So long after a case was given up its payment may still come in, and counts as recovered.
COMES_IN_LATE = timedelta(days=180)

FIRST, FIFTEENTH, LAST = "first", "fifteenth", "last"
PAYDAYS = {FIRST: "The 1st", FIFTEENTH: "The 15th", LAST: "The last working day of the month"}

#: Declines that another try of the same card cannot cure, as billing systems call them.
HARD = (
    "lost_card", "stolen_card", "pickup_card", "restricted_card", "expired_card", "account_closed",
    "bank_account_closed", "invalid_account", "debit_not_authorized", "revocation_of_authorization",
)  # fmt: skip


def gives_up_at(asked_at: datetime, *, slow: bool) -> datetime:
    """When a try that we asked for counts as unanswered."""
    return asked_at + (SLOW_PATIENCE if slow else PATIENCE)


@dataclass(frozen=True)
class Ways:
    """How payments are tried again, as an admin has shaped it."""

    tries: int = 4
    longest: int = 21  # days from the first failure, after which nothing is tried
    apart: int = 2  # days between two tries, at least
    from_hour: int = 8  # tries begin at a full hour, from this one …
    until_hour: int = 12  # … and before this one; they are two at least
    weekdays: frozenset[int] = frozenset(range(5))  # Monday is 0
    paydays: frozenset[str] = frozenset(PAYDAYS)

    @property
    def hours(self) -> range:
        return range(self.from_hour, self.until_hour)


@dataclass(frozen=True, slots=True)
class Told:
    """How it went so far: when it failed first, when it was tried last, and how often we had it tried."""

    failed_at: datetime
    last_at: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class Planned:
    """A moment to try again, and why it is that one, inside a sentence."""

    at: datetime
    why: str


def next_try(
    ways: Ways, told: Told, zone: ZoneInfo, closed: Sequence[ClosedDays], now: datetime
) -> Planned | None:  # fmt: skip
    """The next moment to try, not before `now`; None: the plan is over.

    What is left of the time is divided among the tries that are left. A try comes near the end of its share, or waits
    for a payday, twice as long as its share at most. It never comes at the hour of day of the one before.
    """
    left = ways.tries - told.tries
    end = told.failed_at + ways.longest * DAY
    last = told.last_at.astimezone(zone)
    first = max(last.date() + ways.apart * DAY, now.astimezone(zone).date())
    for day, why in _days(ways, first, end.astimezone(zone).date(), left, closed) if left > 0 else ():
        for at in _mornings(ways, day, zone, told.tries):
            if now <= at <= end and at.astimezone(zone).hour != last.hour:
                since = "the last try" if told.tries else "it failed"
                return Planned(at, why or f"{_days_words((day - last.date()).days)} after {since}")
    return None


def rest_of_plan(
    ways: Ways, told: Told, zone: ZoneInfo, closed: Sequence[ClosedDays], now: datetime
) -> Iterator[Planned]:  # fmt: skip
    """All tries to come, as they would be if each failed at once."""
    while planned := next_try(ways, told, zone, closed, now):
        yield planned
        told = replace(told, last_at=planned.at, tries=told.tries + 1)
        now = planned.at


def next_morning(
    ways: Ways, told: Told, zone: ZoneInfo, closed: Sequence[ClosedDays], now: datetime
) -> Planned | None:  # fmt: skip
    """The first moment at which it may be tried, whatever was planned: they have given another card."""
    end = told.failed_at + ways.longest * DAY
    today, hour = now.astimezone(zone).date(), told.last_at.astimezone(zone).hour
    days = (today + n * DAY for n in range((end.astimezone(zone).date() - today).days + 1))
    for day in days:
        for at in _mornings(ways, day, zone, 0) if _is_good(ways, day, closed) else ():
            if now <= at <= end and at.astimezone(zone).hour != hour:
                return Planned(at, "they have given another card")
    return None


def _days(
    ways: Ways, first: date, last: date, left: int, closed: Sequence[ClosedDays]
) -> Iterator[tuple[date, str]]:  # fmt: skip
    """Days on which it may be tried, the best first, with the payday that each is."""
    good = [day for n in range((last - first).days + 1) if _is_good(ways, day := first + n * DAY, closed)]
    part = (last - first) // (left + 1)
    share = first + part
    paid = {day: why for day in good if day <= share + part and (why := payday(ways, day, closed))}
    yield from paid.items()
    others = [day for day in good if day not in paid]
    yield from ((day, "") for day in reversed(others) if day <= share)
    yield from ((day, payday(ways, day, closed)) for day in others if day > share)


def _is_good(ways: Ways, day: date, closed: Sequence[ClosedDays]) -> bool:
    return day.weekday() in ways.weekdays and not _is_holiday(day, closed)


def _is_holiday(day: date, closed: Sequence[ClosedDays]) -> bool:
    return any(one.covers(day) for one in closed)


def _works(day: date, closed: Sequence[ClosedDays]) -> bool:
    return day.weekday() < 5 and not _is_holiday(day, closed)


def _mornings(ways: Ways, day: date, zone: ZoneInfo, tries: int) -> Iterator[datetime]:
    """The hours of that morning, beginning with another one for each try; hours that the clock skips are none."""
    hours = ways.hours
    for n in range(len(hours)):
        hour = hours[(tries + n) % len(hours)]
        at = local_moment(day, time(hour), zone)
        if at.astimezone(zone).hour == hour:
            yield at


def payday(ways: Ways, day: date, closed: Sequence[ClosedDays]) -> str:
    """Why people have money on that day; blank: it is no payday. Money that is due on a day off comes on the next
    working day."""
    for name, number, words in ((FIRST, 1, "the first"), (FIFTEENTH, 15, "the fifteenth")):
        if name in ways.paydays and day == _working_from(day.replace(day=number), closed):
            return f"{words} is a payday" if day.day == number else f"the first working day after {words}, a payday"
    if LAST in ways.paydays and day == _last_working(day, closed):
        return "the last working day of the month is a payday"
    return ""


def _working_from(day: date, closed: Sequence[ClosedDays]) -> date | None:
    """The first working day from then on, in the same month."""
    days = (day + n * DAY for n in range(_length(day) - day.day + 1))
    return next((one for one in days if _works(one, closed)), None)


def _last_working(day: date, closed: Sequence[ClosedDays]) -> date | None:
    days = (day.replace(day=n) for n in range(_length(day), 0, -1))
    return next((one for one in days if _works(one, closed)), None)


def _length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


# Words ----------------------------------------------------------------------------------------------------------------


def said(at: datetime, zone: ZoneInfo) -> str:
    """“Tue 1 Dec 09:00 Lisbon”: the clock on their wall."""
    wall = at.astimezone(zone)
    return f"{wall:%a} {wall.day} {wall:%b %H:%M} {place(zone)}"


def place(zone: ZoneInfo) -> str:
    return zone.key.rsplit("/", 1)[-1].replace("_", " ")


def explained(planned: Planned, zone: ZoneInfo) -> str:
    return f"{said(planned.at, zone)}: {planned.why}"


def _days_words(days: int) -> str:
    return f"{days} day{'' if days == 1 else 's'}"


def left_words(until: datetime, now: datetime, zone: ZoneInfo) -> str:
    """How long access stays, by calendar days: “2 days left”, “until tonight”, “over since 3 June”."""
    if now >= until:
        day = (until - timedelta(microseconds=1)).astimezone(zone).date()
        return f"over since the end of {day.day} {day:%B}"
    days = (last_day(until, zone) - now.astimezone(zone).date()).days
    return "until tonight" if days == 0 else f"{_days_words(days)} left"


# Grace and declines ---------------------------------------------------------------------------------------------------


def end_of_grace(failed_at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The first moment without access: so many whole days stand after that of the failure."""
    return local_moment(failed_at.astimezone(zone).date() + (days + 1) * DAY, time(0), zone)


def last_day(until: datetime, zone: ZoneInfo) -> date:
    """The last day of a grace that ends at this moment."""
    return (until.astimezone(zone) - timedelta(microseconds=1)).date()


def is_hard(words: str, codes: Collection[str]) -> bool:
    """Whether a decline says that this card cannot be charged any more, by its code or in words."""
    plain = f"_{re.sub(r'[^a-z0-9]+', '_', words.lower())}_"
    return any(code and f"_{code}_" in plain for code in codes)


# What brought the money -----------------------------------------------------------------------------------------------

RETRY, MESSAGE, PERSON, THEMSELVES = "retry", "message", "person", "themselves"


def brought_by(*, tried: bool, by_person: bool, written: bool) -> str:
    """What the money is put down to: our try that had no other answer, else the last thing we did, else themselves."""
    if tried:
        return PERSON if by_person else RETRY
    return MESSAGE if written else THEMSELVES
