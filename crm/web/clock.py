"""The one clock. Rules take `now=`; whoever stands at the edge (a page, a job, a command) asks here, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings

MINUTE = timedelta(minutes=1)

_travelling: ContextVar[datetime | None] = ContextVar("travelling", default=None)

#: Zone names people may choose and files may bring. `localtime` and the like name no place.
ZONE_NAMES = frozenset(available_timezones() - {"localtime", "Factory", "posixrules"})


def now() -> datetime:
    """The moment, in UTC: the travelling clock's, the test file's, or the machine's."""
    if moment := _travelling.get():
        return moment
    if settings.HOLDFAST_CLOCK_FILE:
        return parse(Path(settings.HOLDFAST_CLOCK_FILE).read_text().strip())
    return datetime.now(UTC)


@contextmanager
def travelling(moment: datetime) -> Iterator[None]:
    """Inside the block it is `moment`."""
    token = _travelling.set(moment)
    try:
        yield
    finally:
        _travelling.reset(token)


def parse(text: str) -> datetime:
    """ISO 8601 to UTC; without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def zone(*names: str | None) -> ZoneInfo:
    """The first name that is a zone, else the installation's zone."""
    for name in names:
        if name and name in ZONE_NAMES:
            return ZoneInfo(name)
    return ZoneInfo(settings.TIME_ZONE)


def today(moment: datetime | None = None) -> date:
    """The calendar day of the installation's zone."""
    return (moment or now()).astimezone(zone()).date()
