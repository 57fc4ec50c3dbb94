"""The counts of a period by SQL: one statement over the spans of all customers, whoever they are narrowed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from crm.accounts.models import Account
from crm.segments.filters import Filter
from crm.segments.rules import day_start
from crm.tickets.rules.rating import GOOD
from crm.web import clock, wording
from crm.web.narrowed import fetch_among
from retention.metrics.rules import Counts


class PeriodError(ValueError):
    """A period of which there are no figures; the message says why."""


@dataclass(frozen=True, slots=True)
class Period:
    """`start` and `end` are the days on which customers are counted. Raises PeriodError if the end comes first."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            start, end = wording.day(self.start), wording.day(self.end)
            raise PeriodError(f"The period ends on {end}, before it starts on {start}.")


@dataclass(frozen=True, slots=True)
class Slice:
    """Which customers, all by default: those whom a filter finds today, and whom somebody may see."""

    chosen: Filter | None = None
    viewer: Any = None  # None: a worker or a command, which sees everything

    def rows(self, now: datetime) -> Any:
        """Their accounts; None: all."""
        narrowed = self.viewer is not None and not self.viewer.sees_everything
        if self.chosen is None and not narrowed:
            return None
        rows: Any = Account.objects.visible_to(self.viewer) if narrowed else Account.objects.all()
        return rows if self.chosen is None else self.chosen.apply(rows, now)


EVERYBODY = Slice()

# What each brought on both days; null: was no customer. Spans of an account never overlap, so a side has it once.
_SPANS = """
    SELECT account_id, was.mrr AS was, now.mrr AS now
    FROM (SELECT account_id, mrr FROM crm_customerspan
        WHERE starts_on <= %s AND (ends_on IS NULL OR ends_on > %s) {only}) AS was
    FULL JOIN (SELECT account_id, mrr FROM crm_customerspan
        WHERE starts_on <= %s AND (ends_on IS NULL OR ends_on > %s) {only}) AS now USING (account_id)
"""
#: The same as it was known at a moment: from the movements, which remember.
_KNOWN = """
    SELECT account_id,
        CASE WHEN sum(customers) FILTER (WHERE day <= %s) > 0 THEN sum(amount) FILTER (WHERE day <= %s) END AS was,
        CASE WHEN sum(customers) > 0 THEN sum(amount) END AS now
    FROM crm_mrrmovement WHERE day <= %s AND known_at <= %s {only} GROUP BY account_id
"""
#: The first eight of Counts.
SUMS = """
    count(was), count(now), count(now) FILTER (WHERE was IS NULL), count(was) FILTER (WHERE now IS NULL),
    coalesce(sum(was), 0), coalesce(sum(now), 0), coalesce(sum(now) FILTER (WHERE was > 0), 0),
    coalesce(sum(least(was, now)) FILTER (WHERE was > 0 AND now IS NOT NULL), 0)
"""
_COUNTS = f"SELECT {SUMS} FROM ({{both}}) AS both_days"  # noqa: S608  (constants of ours)
_BOUGHT = """
    SELECT count(*), count(*) FILTER (WHERE times > 1)
    FROM (SELECT account_id, count(*) AS times FROM crm_purchase WHERE purchased_at < %s {only} GROUP BY 1) AS buyer
"""
_ANSWERED = """
    SELECT count(*), count(*) FILTER (WHERE score >= %s) FROM crm_ticketrating
    WHERE score IS NOT NULL AND answered_at >= %s AND answered_at < %s {only}
"""


def counts(period: Period, now: datetime, of: Slice = EVERYBODY, *, as_of: datetime | None = None) -> Counts:
    """All of a period, in one statement. `as_of`: customers and MRR as they were known then."""
    return Counts(*asked(counted(period, as_of), of, now)[0])


def counted(period: Period, as_of: datetime | None = None) -> list[tuple[str, Sequence[Any]]]:
    """The parts of a statement for `asked` that find what Counts has, in its order."""
    zone, after = clock.zone(), timedelta(days=1)
    first, over = day_start(period.start + after, zone), day_start(period.end + after, zone)
    return [_both(period, as_of), (_BOUGHT, [over]), (_ANSWERED, [GOOD, first, over])]


def _both(period: Period, as_of: datetime | None) -> tuple[str, list[Any]]:
    """Customers and MRR of both days."""
    sql, values = both_days(period, as_of)
    return _COUNTS.replace("{both}", sql), values


def both_days(period: Period, as_of: datetime | None = None) -> tuple[str, list[Any]]:
    """SQL: account_id, and what each brought on the first day (`was`) and the last (`now`); null: was no customer."""
    start, end = period.start, period.end
    if as_of is None:
        return _SPANS, [start, start, end, end]
    return _KNOWN, [start, start, end, as_of]


def asked(parts: Sequence[tuple[str, Sequence[Any]]], of: Slice, now: datetime) -> list[tuple[Any, ...]]:
    """The parts beside each other in one statement. Where `{only}` stands they are narrowed to the same customers, who
    are looked for once."""
    rows = of.rows(now)
    sql = " CROSS JOIN ".join(f"({part}) AS part{number}" for number, (part, _) in enumerate(parts))
    sql = sql.replace("{only}", "" if rows is None else "AND account_id {chosen}")
    values = [value for _, own in parts for value in own]
    return fetch_among(rows, f"SELECT * FROM {sql}", values, "{chosen}")  # noqa: S608  (constants of ours)
