"""What customers do or leave undone: a feature used so many times, a fact so many times; counted by SQL."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, model_validator

from crm.segments.rules import day_start
from crm.timeline.models import TimelineEntry
from crm.web import clock
from retention.usage.models import UsageDay
from retention.workflows.asking import Asks
from retention.workflows.causes import Strict
from retention.workflows.triggers.facts import called

type Statement = tuple[str, list[Any]]


class Deed(Strict):
    """A feature that was used, or a fact that happened, so many times. Days of use are this house's calendar days."""

    feature: Annotated[str | None, Asks("usage_feature")] = Field(None, max_length=120, title="Used the feature")
    fact: Annotated[str | None, Asks("fact")] = Field(None, max_length=60, title="Or this happened")
    times: int = Field(1, ge=1, le=1_000_000, title="At least so many times")

    @model_validator(mode="after")
    def _one_of(self) -> Deed:
        if bool(self.feature) == bool(self.fact):
            raise ValueError("choose a feature, or something that happened: one of the two")
        return self

    @property
    def words(self) -> str:
        """“used “exports” 3 times”, “had “Deal won””."""
        times = "" if self.times == 1 else f" {self.times} times"
        return f"used “{self.feature}”{times}" if self.feature else f"had “{called(self.fact or '')}”{times}"

    @property
    def key(self) -> str:
        return f"{self.feature or self.fact}:{self.times}"


def begin(deed: Deed, day: date) -> date | datetime:
    """The beginning of a day, as the deed's column compares it."""
    return day if deed.feature else day_start(day, clock.zone())


# Each gives account_id and `at`: a moment for facts, and for use the beginning of its day. Only accounts with a deed in
# the stretch [%s, %s] are looked at; what they did before counts too.
_FIRST_USE = """
    SELECT account_id, day::timestamp AT TIME ZONE %s AS at FROM (
        SELECT account_id, min(day) AS day FROM (
            SELECT account_id, day, sum(count) OVER (PARTITION BY account_id ORDER BY day) AS total
            FROM retention_usageday WHERE feature = %s AND count > 0 AND account_id IN (
                SELECT account_id FROM retention_usageday WHERE feature = %s AND day >= %s AND day <= %s AND count > 0)
        ) AS running WHERE total >= %s GROUP BY account_id) AS reached
    WHERE day >= %s AND day <= %s
"""
_FIRST_FACT = """
    SELECT account_id, at FROM (
        SELECT account_id, occurred_at AS at, row_number() OVER (PARTITION BY account_id ORDER BY occurred_at, id) AS n
        FROM crm_timelineentry WHERE kind = %s AND account_id IN (
            SELECT account_id FROM crm_timelineentry WHERE kind = %s AND occurred_at >= %s AND occurred_at <= %s)
    ) AS counted WHERE n = %s AND at >= %s AND at <= %s
"""
_LAST_USE = """
    SELECT account_id, max(day)::timestamp AT TIME ZONE %s AS at
    FROM retention_usageday WHERE feature = %s AND count > 0 AND account_id IN (
        SELECT account_id FROM retention_usageday WHERE feature = %s AND day >= %s AND day <= %s AND count > 0)
    GROUP BY account_id HAVING sum(count) >= %s AND max(day) >= %s AND max(day) <= %s
"""
_LAST_FACT = """
    SELECT account_id, max(occurred_at) AS at
    FROM crm_timelineentry WHERE kind = %s AND account_id IN (
        SELECT account_id FROM crm_timelineentry WHERE kind = %s AND occurred_at >= %s AND occurred_at <= %s)
    GROUP BY account_id HAVING count(*) >= %s AND max(occurred_at) >= %s AND max(occurred_at) <= %s
"""


def done(deed: Deed, first: date | datetime, last: date | datetime, *, since: str = "first") -> Statement:
    """Who did it in this stretch, both ends included: for the n-th time (`first`), or the last time until now."""
    asked: list[Any] = [first, last, deed.times, first, last]
    if deed.feature:
        sql = _FIRST_USE if since == "first" else _LAST_USE
        return sql, [str(clock.zone()), deed.feature, deed.feature, *asked]
    return (_FIRST_FACT if since == "first" else _LAST_FACT), [deed.fact, deed.fact, *asked]


def undone(deed: Deed, *, since_then: bool) -> Statement:
    """A condition on `did` (account_id, at): it was not done often enough; `since_then`, not since that moment."""
    if deed.feature:
        then = "AND b.day >= (did.at AT TIME ZONE %s)::date" if since_then else ""
        sql = f"""(SELECT coalesce(sum(b.count), 0) FROM retention_usageday AS b
            WHERE b.account_id = did.account_id AND b.feature = %s {then}) < %s"""  # noqa: S608
        return sql, [deed.feature, *([str(clock.zone())] if since_then else []), deed.times]
    then = "AND b.occurred_at >= did.at" if since_then else ""
    sql = f"""(SELECT count(*) FROM crm_timelineentry AS b
        WHERE b.account_id = did.account_id AND b.kind = %s {then}) < %s"""  # noqa: S608
    return sql, [deed.fact, deed.times]


def moments(deed: Deed, account_id: int, now: datetime) -> list[tuple[datetime, int]]:
    """When one customer did it, the first first, and how often each time."""
    if deed.feature:
        used = UsageDay.objects.filter(account=account_id, feature=deed.feature, count__gt=0).order_by("day", "id")
        return [(day_start(day, clock.zone()), count) for day, count in used.values_list("day", "count")]
    entries = TimelineEntry.objects.filter(account=account_id, kind=deed.fact, occurred_at__lte=now)
    return [(at, 1) for at in entries.order_by("occurred_at", "id").values_list("occurred_at", flat=True)]


def later(deed: Deed, at: datetime, count: int) -> datetime:
    """So many days later: of use the beginning of a calendar day, of facts times 24 hours."""
    if deed.fact:
        return at + timedelta(days=count)
    return day_start(at.astimezone(clock.zone()).date() + timedelta(days=count), clock.zone())


def next_due(deed: Deed, count: int, now: datetime) -> datetime | None:
    """The next moment that is so many days behind a deed of anybody."""
    if deed.feature:
        passed = clock.today(now) - timedelta(days=count)
        used = UsageDay.objects.filter(feature=deed.feature, day__gt=passed, count__gt=0).order_by("day")
        day = used.values_list("day", flat=True).first()
        return day_start(day + timedelta(days=count), clock.zone()) if day else None
    entries = TimelineEntry.objects.filter(kind=deed.fact, occurred_at__gt=now - timedelta(days=count))
    at = entries.order_by("occurred_at").values_list("occurred_at", flat=True).first()
    return at + timedelta(days=count) if at else None
