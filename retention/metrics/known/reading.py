"""What was learned about a period after a moment, customer by customer, by SQL over the movements, which remember."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from crm.web.days import within
from retention.metrics.reading import Period, PeriodError, Slice, asked

#: Customers of one page.
SIZE = 50


@dataclass(frozen=True, slots=True)
class Day:
    """What a customer brought on a day, as it was known then and as it is known now; None: was no customer."""

    then: Decimal | None
    now: Decimal | None

    @property
    def differs(self) -> bool:
        return self.then != self.now


@dataclass(frozen=True, slots=True)
class Correction:
    """`change` is how much more or less is known to have been brought, on both days together: the page's order."""

    account_id: int
    start: Day
    end: Day
    change: Decimal
    known_at: datetime  # the last time that anything was learned


# Few customers have movements that became known late: theirs alone are summed up.
_CORRECTED = """
    SELECT account_id, start_then, start_now, end_then, end_now, change, learned, count(*) OVER () FROM (
        SELECT *, abs(coalesce(start_now, 0) - coalesce(start_then, 0))
            + abs(coalesce(end_now, 0) - coalesce(end_then, 0)) AS change
        FROM (
            SELECT account_id, max(known_at) AS learned,
                CASE WHEN sum(customers) FILTER (WHERE day <= %s AND known_at <= %s) > 0
                    THEN sum(amount) FILTER (WHERE day <= %s AND known_at <= %s) END AS start_then,
                CASE WHEN sum(customers) FILTER (WHERE day <= %s) > 0
                    THEN sum(amount) FILTER (WHERE day <= %s) END AS start_now,
                CASE WHEN sum(customers) FILTER (WHERE known_at <= %s) > 0
                    THEN sum(amount) FILTER (WHERE known_at <= %s) END AS end_then,
                CASE WHEN sum(customers) > 0 THEN sum(amount) END AS end_now
            FROM crm_mrrmovement
            WHERE day <= %s AND account_id IN (
                SELECT account_id FROM crm_mrrmovement WHERE known_at > %s AND day <= %s {only})
            GROUP BY account_id
        ) AS summed
    ) AS compared
    WHERE (start_then IS DISTINCT FROM start_now OR end_then IS DISTINCT FROM end_now)
    ORDER BY change DESC, account_id LIMIT %s OFFSET %s
"""


def corrections(
    period: Period, as_of: datetime, now: datetime, of: Slice, page: int = 1
) -> tuple[list[Correction], int]:
    """Those whose state on one of both days is known otherwise than at the moment, the largest change first; and how
    many there are. One statement."""
    start, end = period.start, period.end
    values: Sequence[Any] = [
        start, as_of, start, as_of, start, start, as_of, as_of, end, as_of, end, SIZE, (page - 1) * SIZE,
    ]  # fmt: skip
    rows = asked([(_CORRECTED, values)], of, now)
    found = [
        Correction(account, Day(start_then, start_now), Day(end_then, end_now), change, learned)
        for account, start_then, start_now, end_then, end_now, change, learned, _ in rows
    ]
    return found, rows[0][-1] if rows else 0


def read_moment(text: str, now: datetime, zone: tzinfo) -> datetime:
    """ISO 8601, in the zone without an offset. Raises PeriodError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise PeriodError(f"A moment is such as 2026-06-01T12:00, not “{text[:40]}”.") from None
    try:
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        aware = moment.astimezone(UTC)
        if not within(aware.date()):  # a reader's own zone may lie beyond what Python can count
            raise OverflowError
    except (OverflowError, ValueError):
        raise PeriodError(f"“{text[:40]}” lies beyond the calendar.") from None
    if aware > now:
        raise PeriodError("What will be known later cannot be asked for: the moment is still to come.")
    return aware
