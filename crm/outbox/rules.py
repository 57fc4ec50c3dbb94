"""When a message may leave: quiet hours, cap and back-off, as arithmetic; and what says that there is no mailbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.web.rules import local_moment

#: After so many attempts a message has failed.
MAX_ATTEMPTS = 5
MINUTE = timedelta(minutes=1)
_FIRST_DELAY = MINUTE
_LONGEST_DELAY = timedelta(hours=1)
#: Enhanced codes (RFC 3463) that say there is no such mailbox, now and for good.
NO_MAILBOX = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"})


def quiet_until(moment: datetime, zone: ZoneInfo, quiet_from: time, quiet_to: time) -> datetime | None:
    """The end of the quiet hours that `moment` falls into, in UTC; None outside of them.

    The hours are [quiet_from, quiet_to) on the wall of `zone`, may cross midnight, and are none when both are equal.
    """
    if quiet_from == quiet_to:
        return None
    day = moment.astimezone(zone).date()
    crossing = timedelta(days=1) if quiet_to < quiet_from else timedelta(0)
    for first in (day - timedelta(days=1), day):
        end = local_moment(first + crossing, quiet_to, zone)
        if local_moment(first, quiet_from, zone) <= moment < end:
            return end
    return None


def capped_until(sent_times: Sequence[datetime], moment: datetime, cap_count: int, cap_days: int) -> datetime | None:
    """When the next message may leave if no more than `cap_count` may within any `cap_days` × 24 h; None: now.

    A message sent exactly `cap_days` × 24 h ago no longer counts. A cap of 0 lets nothing through: the answer is
    then a whole window later, again and again, until the message is too late.
    """
    window = timedelta(days=cap_days)
    counted = sorted(sent for sent in sent_times if sent > moment - window)
    if len(counted) < cap_count:
        return None
    return counted[len(counted) - cap_count] + window if cap_count else moment + window


#: How often somebody wants mail → so many messages in so many days, beside the house's own cap.
PACES = {"weekly": (1, 7), "monthly": (1, 30)}


def caps_of(cap_count: int, cap_days: int, pace: str) -> tuple[tuple[int, int], ...]:
    """The house's cap and the one that the reader chose, each as (messages, days). All of them hold."""
    return ((cap_count, cap_days), PACES[pace]) if pace in PACES else ((cap_count, cap_days),)


#: For so many days automation leaves somebody alone after each, unless admins say otherwise; 0: not at all.
REST_DAYS = {"reply": 7, "ticket": 7, "rating": 14, "complaint": 90}
LONGEST_REST = 365


def backoff(attempt: int, jitter: float) -> timedelta:
    """How long to wait after the `attempt`-th try (1, 2, …) failed for a while: doubling from a minute to an hour.

    `jitter` in [0, 1) adds up to a quarter, so that what failed together is not tried together.
    """
    delay = min(_FIRST_DELAY * int(2 ** min(attempt - 1, 16)), _LONGEST_DELAY)
    return delay * (1 + jitter / 4)


def next_slot(next_at: datetime | None, moment: datetime, per_minute: int) -> tuple[datetime, datetime]:
    """The minute to which a sender's surplus message moves, from `moment`'s own on, and the first free slot after it.

    Each minute of the clock has `per_minute` slots; the first minute that has one left is taken. It only spreads what
    waits: whether a message leaves when its minute has come is a matter of what has been sent in that minute.
    """
    slot = max(next_at or minute_of(moment), minute_of(moment))
    return minute_of(slot + _ROUNDING), slot + MINUTE / max(per_minute, 1)


#: So many microseconds may be lost when a minute is cut into slots.
_ROUNDING = timedelta(milliseconds=5)


def minute_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
