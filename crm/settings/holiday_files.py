"""Calendar files (RFC 5545) as they are offered for public holidays: their whole-day events, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from icalendar import Calendar

from crm.team.hours import ClosedDays
from crm.web.days import EARLIEST_DAY, LATEST_DAY

#: A file of more than this is no list of holidays.
MOST_BYTES, MOST = 1_000_000, 1_000
_LONGEST_NAME = 120


class CalendarError(ValueError):
    """Why nothing can be read from the file, and what to do."""


@dataclass(frozen=True)
class Found:
    closed: list[ClosedDays]
    timed: int = 0  # events at an hour are no holidays
    once: int = 0  # repeat in a way that holidays here cannot, so only their first time is taken


def read(content: bytes) -> Found:
    """Raises CalendarError."""
    try:
        events: list[Any] = list(Calendar.from_ical(content).walk("VEVENT"))
    except (ValueError, TypeError, IndexError, KeyError):
        raise CalendarError("This is no calendar file. Choose one whose name ends in .ics.") from None
    if len(events) > MOST:
        raise CalendarError(
            f"The file has {len(events):,} events. At most {MOST:,} are taken: choose a list of holidays."
        )
    closed: list[ClosedDays] = []
    timed = once = 0
    for event in events:
        try:
            days = _days(event)
        except (ValueError, OverflowError):  # the library keeps what it cannot read, and says so when it is looked at
            days = None
        if days is None:
            timed += 1
            continue
        yearly = _is_yearly(event)
        once += not yearly and "RRULE" in event
        closed.append(ClosedDays(*days, yearly, _name(event)))
    if not closed:
        raise CalendarError("The file has no event that lasts a whole day, so there is no holiday in it.")
    return Found(closed, timed, once)


def _days(event: Any) -> tuple[date, date] | None:
    """First and last day; None for an event at an hour, without a day, or outside of the calendar we know."""
    start, end = (getattr(event.get(name), "dt", None) for name in ("DTSTART", "DTEND"))
    if not isinstance(start, date) or isinstance(start, datetime):
        return None
    if isinstance(end, date) and not isinstance(end, datetime):
        last = max(start, end - timedelta(days=1))  # DTEND is the first day after it
    else:
        length = getattr(event.get("DURATION"), "dt", None) or timedelta(days=1)
        last = start + max(length, timedelta(days=1)) - timedelta(days=1)
    return (start, last) if EARLIEST_DAY <= start <= last <= LATEST_DAY else None


def _is_yearly(event: Any) -> bool:
    """Every year, for ever, on its day: anything more in the rule is more than a holiday here can say."""
    rule = event.get("RRULE")
    if isinstance(rule, list) or not rule:
        return False
    try:
        said = {name.upper(): value for name, value in dict(rule).items()}
    except ValueError:  # it cannot be read
        return False
    start = event["DTSTART"].dt
    same_day = said.pop("BYMONTH", [start.month]) == [start.month] and said.pop("BYMONTHDAY", [start.day]) == [
        start.day
    ]
    return same_day and said.pop("FREQ", None) == ["YEARLY"] and said.pop("INTERVAL", [1]) == [1] and not said


def _name(event: Any) -> str:
    return " ".join(str(event.get("SUMMARY", "")).replace("\0", "").split())[:_LONGEST_NAME] or "Holiday"
