"""Civil time, as arithmetic: which instant a clock on some wall means, and which moment may be believed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

#: Before it nobody wrote mails and chats that reach us, and most zones have no place for some moments long past.
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


def believable(said: datetime, came_at: datetime) -> datetime:
    """When something was said, as it says itself: never after it came, nor before there was such a thing."""
    return said if _EARLIEST < said <= came_at else came_at


def local_moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which a clock on the wall of `zone` shows `at` on `day`.

    A time the clock jumps over becomes the first instant after the jump; of a time it shows twice, the first.
    """
    wall = datetime.combine(day, at, tzinfo=zone)  # fold=0: the first of two
    moment = wall.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    # The wall time does not exist. fold=0 took the offset from before the jump, fold=1 the one from after it; the
    # jump lies between the two instants, so look for the first moment that has the later offset.
    early, late = wall.replace(fold=1).astimezone(UTC), moment
    after = late.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == after:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)
