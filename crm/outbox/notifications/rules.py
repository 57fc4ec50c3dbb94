"""When the digest of a day is due: arithmetic of mornings."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.web.rules import local_moment

#: The digest leaves at this hour of the reader's own clock.
DIGEST_HOUR = time(8)

#: One that could not leave within so long is not sent: the next one says it.
STALE = timedelta(hours=20)

#: What was read so long ago is deleted.
KEPT = timedelta(days=90)

#: So many sentences stand in one digest; beyond them it says how many more there are.
MOST_LINES = 40


def morning(day: date, zone: ZoneInfo) -> datetime:
    """When the digest of `day` is due, in UTC."""
    return local_moment(day, DIGEST_HOUR, zone)


def last_morning(now: datetime, zone: ZoneInfo) -> tuple[date, datetime]:
    """The day whose digest was due last, and when that was; now counts as past."""
    today = now.astimezone(zone).date()
    day = today if morning(today, zone) <= now else today - timedelta(days=1)
    return day, morning(day, zone)


def next_morning(now: datetime, zone: ZoneInfo) -> datetime:
    """The first one after `now`."""
    return morning(last_morning(now, zone)[0] + timedelta(days=1), zone)
