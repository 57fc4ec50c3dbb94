"""Civil time as a patient clerk would work it out with the standard library alone: nothing here asks the product."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NINE, EIGHT, TWENTY = time(9), time(8), time(20)

#: 30 minutes of summer time; 45 minutes off; midnight that is skipped; two ordinary ones; two without summer time.
ZONES = (
    "Australia/Lord_Howe", "Pacific/Chatham", "America/Santiago", "Europe/Kyiv", "America/Los_Angeles",
    "Asia/Kolkata", "Pacific/Kiritimati",
)  # fmt: skip


@dataclass(frozen=True)
class Span:
    """A stretch of simulated time, and the zone in which the installation counts its days."""

    start: datetime
    end: datetime
    home: str

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def at_home(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.home)).date()


def at(day: date, clock: time, zone: str) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)


def nine(day: date, zone: str) -> datetime:
    """09:00 on that day; no zone here changes its clocks at that hour."""
    return at(day, NINE, zone)


def next_nine(moment: datetime, zone: str) -> datetime:
    day = moment.astimezone(ZoneInfo(zone)).date()
    return nine(day, zone) if nine(day, zone) >= moment else nine(day + DAY, zone)


def is_quiet(moment: datetime, zone: str) -> bool:
    return not EIGHT <= moment.astimezone(ZoneInfo(zone)).time() < TWENTY


def by_day(moment: datetime, zone: str) -> datetime:
    """The moment itself, or the end of the night that it falls into."""
    while is_quiet(moment, zone):
        moment = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return moment


def changes(span: Span, zone: str) -> list[date]:
    """The days on which clocks change there."""
    days = (span.start.date() + n * DAY for n in range(span.days))
    return [
        day for day in days
        if at(day, time(12), zone) - at(day - DAY, time(12), zone) != DAY
    ]  # fmt: skip


def month_later(day: date, months: int, anchor: int) -> date:
    """So many months on, on the anchor day of the month or on the month's last."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(anchor, monthrange(year, month)[1]))


def terms(starts_on: date, months: int, covered: date) -> Iterator[tuple[date, date]]:
    """The terms of a contract that began on `starts_on` and renews every so many months, until one covers the day."""
    begin, anchor = starts_on, starts_on.day
    while True:
        end = month_later(begin, months, anchor)
        yield begin, end
        if end > covered:
            return
        begin = end
