"""What a line such as “call Kelp tomorrow 10:00” means: kind, day, hour and how often, read modestly.

What is not understood stays in the title. Days and hours are the writer's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.team.hours import Hours
from crm.todos.rules import LATER_TODAY, MORNING
from crm.todos.rules.repeating import Repeat
from crm.web.rules import local_moment

#: First word of the line → kind of task.
KINDS = {
    "call": "call", "phone": "call", "ring": "call", "mail": "mail", "email": "mail", "e-mail": "mail", "write": "mail",
    "meet": "meeting", "meeting": "meeting", "visit": "meeting", "follow": "follow_up",
}  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = r"mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?"
)


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)(?:{pattern})(?=$|[\s,.;])", re.I)


_EVERY = _words(rf"every (?P<what>day|week|month|year|{_DAY})")
_CLOCK = _words(
    r"(?:at )?(?P<h>[01]?\d|2[0-3])[:.](?P<m>[0-5]\d)|(?:at )?(?P<h12>1[0-2]|[1-9]) ?(?P<half>am|pm)|at noon"
)
_IN = _words(r"in (?P<n>\d{1,3}|an?|one) (?P<unit>day|week|month)s?")
_WORKING = _words(
    r"(?:on )?(?:the )?next (?:working|business) day"
    r"|in (?P<n>\d{1,2}|an?|one) (?:working|business) (?P<unit>day|hour)s?"
)
_ISO = _words(r"(?:on )?(?P<iso>\d{4}-\d{2}-\d{2})")
_NAMED = _words(rf"(?:on )?(?P<d>[0-3]?\d)\.? (?P<month>{_MONTH})")
_NEAR = _words(rf"(?:on )?(?P<near>today|tonight|tomorrow|next week|(?:next )?(?P<name>{_DAY}))")


@dataclass(frozen=True, slots=True)
class Line:
    """What was understood. `due_at` is in UTC; `about` are the words among which a customer may be named."""

    title: str
    kind: str
    due_at: datetime
    repeat: Repeat | None
    about: tuple[str, ...]


def read(text: str, now: datetime, zone: ZoneInfo, hours: Callable[[], Hours]) -> Line:
    """Without a day it is due tomorrow, or today if it names an hour that is still to come; else at MORNING.

    `hours` are those of the writer, for lines that name a working day.
    """
    local = now.astimezone(zone)
    rest, every = _taken(_EVERY, text)
    rest, clock = _taken(_CLOCK, rest)
    rest, working = _taken(_WORKING, rest)
    opens = _opening(working, now, hours()) if working else None
    rest, day = (rest, opens.astimezone(zone).date()) if opens else _day(rest, local.date())
    at = _time(clock)
    if day is None and at is not None and every is None:
        day = local.date() + timedelta(days=local_moment(local.date(), at, zone) <= now)
    repeat = _repeat(every, day or local.date(), at or MORNING)
    if repeat:
        due_at = repeat.after(now, zone)
    elif opens and at is None:
        due_at = opens
    elif day == local.date() and at is None:
        due_at = _still_today(now, zone)
    else:
        due_at = local_moment(day or local.date() + timedelta(days=1), at or MORNING, zone)
    title = " ".join(rest.split()).strip(" ,;")
    words = title.split(" ")
    kind = KINDS.get(words[0].casefold().rstrip(":"), "")
    about = tuple(word.strip(",;:") for word in (words[1:] if kind else words) if word.strip(",;:"))
    return Line(title[:1].upper() + title[1:], kind, due_at, repeat, about)


def _opening(said: re.Match[str], now: datetime, hours: Hours) -> datetime | None:
    """When the working day opens, or so many open hours are over; None if the house does not open any more."""
    number = int(said["n"]) if said["n"] and said["n"].isdecimal() else 1
    if said["unit"] and said["unit"].lower() == "hour":
        return hours.add_open_time(now, timedelta(hours=number))
    opens: datetime | None = now
    for _ in range(max(number, 1)):
        opens = hours.next_working_day(opens) if opens else None
    return opens


def _still_today(now: datetime, zone: ZoneInfo) -> datetime:
    """The first hour of a working day that is still to come, or midnight."""
    today = now.astimezone(zone).date()
    hours = [local_moment(today, at, zone) for at in (MORNING, *LATER_TODAY)]
    return next((hour for hour in hours if hour > now), local_moment(today + timedelta(days=1), time(0), zone))


def _taken(pattern: re.Pattern[str], text: str) -> tuple[str, re.Match[str] | None]:
    """The text without the first thing found, and that."""
    found = pattern.search(text)
    return (f"{text[: found.start()]} {text[found.end() :]}", found) if found else (text, None)


def _time(found: re.Match[str] | None) -> time | None:
    if not found:
        return None
    if found["h"]:
        return time(int(found["h"]), int(found["m"]))
    if found["h12"]:
        return time(int(found["h12"]) % 12 + (12 if found["half"].lower() == "pm" else 0))
    return time(12)


def _day(text: str, today: date) -> tuple[str, date | None]:
    """The text without the first day in it, and that day; a day that is none stays in the text."""
    for pattern, meant in ((_ISO, _iso), (_NAMED, _named), (_IN, _ahead), (_NEAR, _near)):
        rest, found = _taken(pattern, text)
        if found and (day := meant(found, today)):
            return rest, day
    return text, None


def _iso(found: re.Match[str], today: date) -> date | None:
    try:
        return date.fromisoformat(found["iso"])
    except ValueError:
        return None


def _named(found: re.Match[str], today: date) -> date | None:
    """3 June: this year's, or next year's when it has passed."""
    month, day = _MONTHS.index(found["month"][:3].lower()) + 1, int(found["d"])
    for year in (today.year, today.year + 1):
        try:
            meant = date(year, month, day)
        except ValueError:
            continue
        if meant >= today:
            return meant
    return None


def _ahead(found: re.Match[str], today: date) -> date:
    number = int(found["n"]) if found["n"].isdecimal() else 1
    return today + timedelta(days=number * {"day": 1, "week": 7, "month": 30}[found["unit"].lower()])


def _near(found: re.Match[str], today: date) -> date:
    match found["near"].lower():
        case "today" | "tonight":
            return today
        case "tomorrow":
            return today + timedelta(days=1)
        case "next week":
            return today + timedelta(days=7 - today.weekday())
    return today + timedelta(days=(_weekday(found["name"]) - today.weekday() - 1) % 7 + 1)


def _weekday(name: str) -> int:
    return next(number for number, day in enumerate(_DAYS) if day.startswith(name.lower()))


def _repeat(every: re.Match[str] | None, day: date, at: time) -> Repeat | None:
    if every is None:
        return None
    whole = Repeat("daily", at, (day.weekday(),), day.day, day.month)
    match every["what"].lower():
        case "day":
            return Repeat("daily", at)
        case "week":
            return Repeat("weekly", at, days=whole.days)
        case "month":
            return Repeat("monthly", at, day=day.day)
        case "year":
            return Repeat("yearly", at, day=day.day, month=day.month)
    return replace(whole, every="weekly", days=(_weekday(every["what"]),), day=0, month=0)
