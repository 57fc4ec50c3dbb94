"""When a house is open: its weekly hours and its holidays, on the clocks of one zone. Arithmetic without Django.

It is open while the clock on its wall shows a time of the day's intervals. So an hour that the clock shows twice is
open twice, one that it jumps over never was, and a holiday lasts from midnight to midnight of the wall.
"""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
#: Minutes of a day; as the end of an interval it is midnight.
MIDNIGHT = 24 * 60
#: A house that stays closed for longer does not open again, as far as anybody plans.
CLOSED_FOR_GOOD = timedelta(days=2 * 366)

#: From and until, in minutes of the day on the wall; half-open.
type Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """A holiday: a day, or all days from the first to the last. A yearly one comes again with the same days."""

    starts_on: date
    ends_on: date  # the last day
    yearly: bool = False
    name: str = ""

    def covers(self, day: date) -> bool:
        if not self.yearly:
            return self.starts_on <= day <= self.ends_on
        first, last, at = _in_year(self.starts_on), _in_year(self.ends_on), _in_year(day)
        if first <= last:
            return first <= at <= last
        return at >= first or at <= last  # over the turn of the year

    def next_from(self, day: date) -> date | None:
        """The first of its days that is not before `day`; None if all have passed."""
        if self.covers(day):
            return day
        if not self.yearly:
            return self.starts_on if self.starts_on > day else None
        at = _in_year(self.starts_on)
        # Eight years are the longest that 29 February can be away.
        years = (year for year in range(day.year, day.year + 9) if at != (2, 29) or isleap(year))
        return next(found for year in years if (found := date(year, *at)) > day)

    def last_from(self, day: date) -> date:
        """The last of its days in a row from `day` on, which is one of them."""
        ahead = (day + n * DAY for n in range(1, 367))
        return next((each - DAY for each in ahead if not self.covers(each)), day + 366 * DAY)


def _in_year(day: date) -> tuple[int, int]:
    return day.month, day.day


@dataclass(frozen=True)
class Hours:
    """`week` has seven days, Monday first, each with its intervals in order, none overlapping another."""

    zone: ZoneInfo
    week: Sequence[Sequence[Interval]]
    closed: Sequence[ClosedDays] = ()

    def open_at(self, moment: datetime) -> bool:
        wall = moment.astimezone(self.zone)
        minute = wall.hour * 60 + wall.minute
        return any(begin <= minute < end for begin, end in self.intervals(wall.date()))

    def next_open(self, moment: datetime) -> datetime | None:
        """The moment itself if the house is open then, else when it opens next, in UTC; None if it does not."""
        return next((begin for begin, _ in self._open_from(moment)), None)

    def next_working_day(self, moment: datetime) -> datetime | None:
        """When the house opens on the first day after the moment's on which it does, in UTC; None if there is none."""
        tomorrow = moment.astimezone(self.zone).date() + DAY
        midnight = datetime.combine(tomorrow, time(0), self.zone).astimezone(UTC)
        # Where midnight is skipped or comes twice, what was found may still be of the day before.
        return next((b for b, _ in self._open_from(midnight) if b.astimezone(self.zone).date() >= tomorrow), None)

    def add_open_time(self, start: datetime, duration: timedelta) -> datetime | None:
        """When so much open time has passed since `start`, in UTC: as early as possible, so at the end of a day rather
        than at the opening of the next. None if there are not enough hours."""
        left = duration
        for begin, end in self._open_from(start):
            if begin + left <= end:
                return begin + left
            left -= end - begin
        return None

    def open_time_between(self, start: datetime, end: datetime) -> timedelta:
        """How long the house is open from `start` to `end`; nothing if `end` is not later."""
        return sum((close - begin for begin, close in self.stretches(start, end)), timedelta())

    def stretches(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Those of open time from `start` to `end`, in UTC and in order; a new one begins where the clock changes."""
        for begin, close in self._open_from(start):
            if begin >= end:
                return
            yield begin, min(close, end)

    def intervals(self, day: date) -> Sequence[Interval]:
        """Those of a day on the wall: none on a holiday."""
        return () if self.holiday(day) else self.week[day.weekday()]

    def holiday(self, day: date) -> ClosedDays | None:
        return next((closed for closed in self.closed if closed.covers(day)), None)

    def _open_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Stretches of open time from then on, in UTC and in order, cut where the clock changes."""
        if not any(self.week):
            return
        begin, last = start.astimezone(UTC), start.astimezone(UTC)
        while begin - last < CLOSED_FOR_GOOD:
            end = self._same_clock_until(begin)
            for stretch in self._open_within(begin, end):
                yield stretch
                last = end
            begin = end

    def _open_within(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Stretches between two moments between which the clock does not change."""
        offset = begin.astimezone(self.zone).utcoffset() or timedelta()
        day = (begin + offset).date()
        while (midnight := datetime.combine(day, time(0), UTC) - offset) < end:
            for opens, closes in self.intervals(day):
                first = max(begin, midnight + timedelta(minutes=opens))
                last = min(end, midnight + timedelta(minutes=closes))
                if first < last:
                    yield first, last
            day += DAY

    def _same_clock_until(self, begin: datetime) -> datetime:
        """A day on, or when the clock changes before."""
        end = begin + DAY
        offset = begin.astimezone(self.zone).utcoffset()
        if end.astimezone(self.zone).utcoffset() == offset:
            return end
        early, late = begin.replace(microsecond=0), end  # changes come at full seconds
        while late - early > SECOND:
            middle = (early + (late - early) / 2).replace(microsecond=0)
            early, late = (middle, late) if middle.astimezone(self.zone).utcoffset() == offset else (early, middle)
        return late.replace(microsecond=0)


def minutes_of(at: str) -> int:
    """“09:30” as minutes of the day; “24:00” is midnight at its end. Raises ValueError."""
    hour, _, minute = at.partition(":")
    total = int(hour) * 60 + int(minute or 0)
    if not 0 <= total <= MIDNIGHT or int(minute or 0) > 59:
        raise ValueError(f"{at} is no time of the day")
    return total


def clock_of(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


_BETWEEN = re.compile(r"\s*(\d{1,2}(?:[:.]\d\d)?)\s*(?:-|–|—|to|until)\s*(\d{1,2}(?:[:.]\d\d)?)\s*", re.I)


def parse_day(text: str) -> list[Interval]:
    """“9–12:30, 13:30–17:00” as people write it; blank or “closed” is no interval. Raises ValueError with a remedy."""
    if text.strip().casefold() in ("", "closed", "-", "–", "—"):
        return []
    found: list[Interval] = []
    for part in re.split(r"[,;]|\band\b", text):
        match = _BETWEEN.fullmatch(part)
        try:
            begin, end = (minutes_of(at.replace(".", ":")) for at in match.groups()) if match else (0, 0)
        except ValueError:
            match = None
        if not match:
            raise ValueError(f"“{part.strip()}” is not understood. Write it like 09:00–12:30, 13:30–17:00.")
        if begin >= end:
            raise ValueError(
                f"“{part.strip()}” ends before it begins. Over midnight, write up to 24:00 and go on from 00:00."
            )
        found.append((begin, end))
    return _apart(sorted(found))


def _apart(found: list[Interval]) -> list[Interval]:
    for (begin, end), (after, until) in pairwise(found):
        if after < end:
            spans = " and ".join(f"{clock_of(a)}–{clock_of(b)}" for a, b in ((begin, end), (after, until)))
            raise ValueError(f"{spans} overlap. Make them one.")
    return found


def day_words(day: Sequence[Interval]) -> str:
    """What `parse_day` reads: “09:00–12:30, 13:30–17:00”; blank for a day that is closed."""
    return ", ".join(f"{clock_of(begin)}–{clock_of(end)}" for begin, end in day)


#: Of a house that has said nothing.
OFFICE_WEEK: Sequence[Sequence[Interval]] = (*(((9 * 60, 17 * 60),),) * 5, (), ())
