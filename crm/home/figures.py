"""The tiles of Today: one pass over the customers that the viewer may see, in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from crm.accounts.models import Account
from crm.home import rules
from crm.segments import filterbar
from crm.segments.filters import parse
from crm.team.models import User
from crm.timeline.models import TimelineEntry
from crm.web import clock

#: Beyond it nobody counts touches, or customers whom nobody has touched.
MOST_TOUCHES = 10_000
MOST_UNTOUCHED = 1_000

_CUSTOMER = {"field": "lifecycle", "op": "is", "value": Account.Lifecycle.CUSTOMER.value}
#: Whoever has paused has left nobody, and counts and brings MRR as on the dashboard of retention (crm.ledger says so of
#: contracts: COUNTED). Nobody expects to see them, so that they are never silent, and they are asked about no renewal.
_STAYS = {"field": "lifecycle", "op": "in", "value": [_CUSTOMER["value"], Account.Lifecycle.PAUSED.value]}

# The touches are counted once, whatever number of months there are: nothing in them hangs on an account.
_SELECT = """
    SELECT CASE WHEN lifecycle = 'customer' AND renews_on BETWEEN %s AND %s
            THEN date_trunc('month', renews_on)::date END AS month,
        count(*) AS accounts, count(*) FILTER (WHERE lifecycle = 'customer') AS customers,
        coalesce(sum(mrr) FILTER (WHERE lifecycle = 'customer'), 0) AS mrr,
        count(*) FILTER (WHERE lifecycle = 'customer' AND silent_since <= %s) AS silent,
        count(*) FILTER (WHERE lifecycle = 'paused') AS paused,
        coalesce(sum(mrr) FILTER (WHERE lifecycle = 'paused'), 0) AS mrr_paused,
        (SELECT ARRAY[count(*) FILTER (WHERE source = 'person'), count(*) FILTER (WHERE source = 'automatic')]
            FROM ({touches}) AS t(source)) AS touches,
        (SELECT count(*) FROM ({untouched}) AS u) AS untouched
    FROM ({visible}) AS seen(lifecycle, mrr, renews_on, silent_since)
    GROUP BY month ORDER BY month
"""


@dataclass(frozen=True)
class Month:
    """Renewals of one month, as far as it lies in the days that are in sight."""

    first: date
    count: int
    a_year: Decimal
    behind: str  # the filter of the list that shows them


def of(viewer: User, now: datetime) -> dict[str, Any]:
    """For the page: accounts, customers and paused (part of them), mrr and mrr_paused (part of it), renewing,
    renewing_a_year, months, silent, untouched, by_people and automatic (touches since Monday)."""
    today = clock.today(now)
    last = today + timedelta(days=rules.RENEWAL_DAYS)
    parts = {
        "visible": Account.objects.visible_to(viewer).values_list(
            "lifecycle", "mrr", "renews_on", "seen__silent_since"
        ),
        "touches": touches(viewer, _monday(today)).values_list("source"),
        "untouched": untouched(viewer, now).values_list("pk")[: MOST_UNTOUCHED + 1],
    }
    compiled = {name: part.query.sql_with_params() for name, part in parts.items()}
    statement = _SELECT.format(**{name: sql for name, (sql, _) in compiled.items()})
    silent = now - timedelta(days=rules.SILENT_DAYS)
    values = [today, last, silent, *compiled["touches"][1], *compiled["untouched"][1], *compiled["visible"][1]]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return _summed(cursor.fetchall(), today, last)


def _summed(rows: list[tuple[Any, ...]], today: date, last: date) -> dict[str, Any]:
    months = [
        Month(month, accounts, rules.a_year(mrr), _renewing_in(month, today, last))
        for month, accounts, _, mrr, *_ in rows
        if month
    ]
    touches, untouched_count = (rows[0][7], rows[0][8]) if rows else ([0, 0], 0)
    paused, mrr_paused = sum(row[5] for row in rows), sum((row[6] for row in rows), Decimal(0))
    return {
        "accounts": sum(row[1] for row in rows),
        "customers": sum((row[2] for row in rows), paused),
        "paused": paused,
        "mrr": sum((row[3] for row in rows), mrr_paused),
        "mrr_paused": mrr_paused,
        "silent": sum(row[4] for row in rows),
        "months": months,
        "renewing": sum(month.count for month in months),
        "renewing_a_year": sum((month.a_year for month in months), Decimal(0)),
        "untouched": untouched_count,
        "by_people": touches[0],
        "automatic": touches[1],
    }


def _renewing_in(month: date, today: date, last: date) -> str:
    """Of the days in sight those that lie in the month; both operators leave out the day that they name."""
    next_month = (month + timedelta(days=31)).replace(day=1)
    after = max(month, today) - timedelta(days=1)
    before = min(next_month, last + timedelta(days=1))
    return filterbar.write([
        _CUSTOMER,
        {"field": "renews_on", "op": "after", "value": after.isoformat()},
        {"field": "renews_on", "op": "before", "value": before.isoformat()},
    ])  # fmt: skip


def untouched(viewer: User, now: datetime) -> QuerySet[Account]:
    """Customers to whom nobody has spoken or written for as many days as the viewer has set (F80)."""
    tree = {"all": [_CUSTOMER, _untouched_for(viewer.untouched_days)]}
    return parse(tree, "account").apply(Account.objects.visible_to(viewer), now)


def _untouched_for(days: int) -> dict[str, Any]:
    return {"field": "days_untouched", "op": ">=", "value": days}


def behind(viewer: User) -> dict[str, str]:
    """The filter of the accounts list that shows what a tile counts."""
    return {
        "customers": filterbar.write([_STAYS]),
        "renewing": filterbar.write(
            [_CUSTOMER, {"field": "renews_on", "op": "in_next_days", "value": rules.RENEWAL_DAYS}]
        ),
        "silent": filterbar.write([_CUSTOMER, {"field": "days_silent", "op": ">=", "value": rules.SILENT_DAYS}]),
        "untouched": filterbar.write([_CUSTOMER, _untouched_for(viewer.untouched_days)]),
    }


def _monday(day: date) -> datetime:
    return datetime.combine(day - timedelta(days=day.weekday()), time(0), clock.zone()).astimezone(UTC)


def touches(viewer: User, since: datetime) -> QuerySet[TimelineEntry]:
    """Facts on a channel that went out from us since then. `recorded_at` has the index that finds the days."""
    lately = TimelineEntry.objects.visible_to(viewer).filter(recorded_at__gte=since, occurred_at__gte=since)
    return ours(lately)[:MOST_TOUCHES]


#: What others say of a letter later is no second touch.
_TOLD_LATER = ("email.bounced", "email.complained")


def ours(entries: QuerySet[TimelineEntry]) -> QuerySet[TimelineEntry]:
    """Those of them that went out from us, by a person or by a machine."""
    sources = (TimelineEntry.Source.PERSON, TimelineEntry.Source.AUTOMATIC)
    return entries.filter(source__in=sources).exclude(channel="").exclude(kind__in=_TOLD_LATER)
