"""When a webhook is tried again, how long an endpoint is left alone, and when nobody calls it any more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)

#: How long a delivery rests after its first failed try, its second …; after the last of them it has failed. In all some
#: minutes less than three days, as Standard Webhooks has it.
DELAYS = (
    timedelta(seconds=5), 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR,
    20 * _HOUR,
)  # fmt: skip
MAX_TRIES = len(DELAYS) + 1

#: Requests to one endpoint at a time; one while it fails.
IN_FLIGHT = 4

#: After so many failures without a success between them, over so long, an endpoint is switched off.
MOST_FAILURES, FAILS_FOR = 5, timedelta(hours=24)

#: Failures that bring no break for the others of an endpoint, the first break, and the longest.
_FORGIVEN, _FIRST_BREAK, _LONGEST_BREAK = 2, timedelta(seconds=30), timedelta(minutes=10)

#: The longest that an endpoint may put us off.
LONGEST_REST = timedelta(hours=24)

#: After a rotation the former secret signs too for so long.
FORMER_SIGNS = timedelta(hours=24)


def backoff(tries: int, jitter: float) -> timedelta | None:
    """How long a delivery rests after its `tries`-th try (1, 2, …) failed; None: it is given up.

    `jitter` in [0, 1) takes up to a tenth away, so that what failed together is not tried together.
    """
    return DELAYS[tries - 1] * (1 - jitter / 10) if tries < MAX_TRIES else None


def pause(failures: int) -> timedelta:
    """How long nothing is sent to an endpoint after so many failures: half a minute after the third, then doubling."""
    if failures <= _FORGIVEN:
        return timedelta(0)
    return min(_FIRST_BREAK * int(2 ** min(failures - _FORGIVEN - 1, 16)), _LONGEST_BREAK)


def gives_up(failures: int, failing_since: datetime | None, now: datetime) -> bool:
    """Whether an endpoint that has failed so often since then is switched off."""
    return failing_since is not None and failures >= MOST_FAILURES and now - failing_since >= FAILS_FOR


def rest_asked(header: str | None, now: datetime) -> timedelta:
    """How long a Retry-After asks us to wait: seconds, or a date of HTTP; nothing for what is neither."""
    said = (header or "").strip()
    if said.isascii() and said.isdecimal():
        return min(timedelta(seconds=int(said[:9])), LONGEST_REST)
    try:
        until = parsedate_to_datetime(said)
    except (ValueError, OverflowError):  # of a year that no calendar has
        return timedelta(0)
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta(0)), LONGEST_REST)
