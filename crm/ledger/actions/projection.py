"""What an account's contracts say about it today, written to its own columns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import batched
from typing import Any

from django.db import connection, transaction
from django.db.models import Min

from crm.ledger.models import Contract, ContractTerm
from crm.web import clock
from crm.web.models import Pulse

#: Accounts projected in one statement and transaction.
BATCH = 2000

#: The last day of which all beginnings and ends have reached the accounts.
PROJECTED = "ledger.projection"

_LOCK = "SELECT id FROM crm_account WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE"

# A term counts for what its contract's status says. Trial terms make a trial, never MRR. A cancelled contract covers
# nothing any more, but its begun terms show that there was a customer to lose. An account between two booked terms is
# paused. A contract that has not begun yet, like a trial that ran out, leaves a lead a lead. An expected one is none.
_PROJECT = """
    WITH contract AS (
        SELECT c.account_id, c.status, c.status = ANY(%(counts)s) AS counts,
            min(t.starts_on) AS first_start, max(t.starts_on) AS last_start,
            max(coalesce(t.ends_on, 'infinity')) AS last_end,
            bool_or(t.starts_on <= %(day)s AND coalesce(t.ends_on, 'infinity') > %(day)s) AS covers,
            sum(t.mrr * t.rate) FILTER (
                WHERE t.starts_on <= %(day)s AND coalesce(t.ends_on, 'infinity') > %(day)s) AS mrr
        FROM crm_contract c JOIN crm_contractterm t ON t.contract_id = c.id
        WHERE c.account_id = ANY(%(ids)s) AND c.status <> 'expected'
        GROUP BY c.id
    ), derived AS (
        SELECT a.id,
            CASE
                WHEN bool_or(c.covers AND c.status = 'paid') THEN 'customer'
                WHEN bool_or(c.covers AND c.status = 'paused') THEN 'paused'
                WHEN bool_or(c.covers AND c.status = 'trial') THEN 'trial'
                WHEN bool_or(c.counts AND c.last_start > %(day)s)
                    AND bool_or(c.status <> 'trial' AND c.first_start <= %(day)s) THEN 'paused'
                WHEN bool_or(c.status <> 'trial' AND c.first_start <= %(day)s) THEN 'churned'
                ELSE 'lead'
            END AS lifecycle,
            min(c.first_start) FILTER (WHERE c.counts AND c.first_start <= %(day)s) AS customer_since,
            coalesce(round(sum(c.mrr) FILTER (WHERE c.counts), 2), 0) AS mrr,
            nullif(min(c.last_end) FILTER (WHERE c.counts AND c.covers), 'infinity') AS renews_on
        FROM unnest(%(ids)s::bigint[]) AS a(id) LEFT JOIN contract c ON c.account_id = a.id
        GROUP BY a.id
    )
    UPDATE crm_account a
    SET lifecycle = d.lifecycle, customer_since = d.customer_since, mrr = d.mrr, renews_on = d.renews_on
    FROM derived d
    WHERE a.id = d.id AND (a.lifecycle, a.customer_since, a.mrr, a.renews_on)
        IS DISTINCT FROM (d.lifecycle, d.customer_since, d.mrr, d.renews_on)
"""


def project(account_ids: Iterable[int], now: datetime) -> int:
    """Write lifecycle, customer_since, mrr and renews_on of these accounts as their contracts say today.

    Returns how many accounts changed. Runs in the caller's transaction, if there is one.
    """
    changed = 0
    for batch in batched(sorted(set(account_ids)), BATCH, strict=False):
        parameters: dict[str, Any] = {
            "ids": list(batch),
            "day": clock.today(now),
            "counts": [status.value for status in Contract.COUNTS],
        }
        with transaction.atomic(), connection.cursor() as cursor:
            # Locked in a statement of its own: the next one sees terms that were committed while we waited.
            cursor.execute(_LOCK, parameters)
            cursor.execute(_PROJECT, parameters)
            changed += cursor.rowcount
    return changed


_OF_DAY = """
    SELECT DISTINCT c.account_id
    FROM crm_contractterm t JOIN crm_contract c ON c.id = t.contract_id
    WHERE t.starts_on = %(day)s OR t.ends_on = %(day)s
"""


def project_all_due(now: datetime) -> int:
    """Let terms begin and end: project the accounts of the next day, up to today, on which one does.

    Returns the number of accounts looked at; 0 when all days up to today have been seen.
    """
    today, last = clock.today(now), _projected_up_to(now)
    day = next_change(last) if last < today else None
    if day is None or day > today:
        if last < today:
            _mark_projected(today)
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_OF_DAY, {"day": day})
        accounts = [row[0] for row in cursor.fetchall()]
    project(accounts, now)
    _mark_projected(day)
    return len(accounts)


def _projected_up_to(now: datetime) -> date:
    """The last day all of whose changes are projected; at first, the day before the oldest term was booked."""
    pulse = Pulse.objects.filter(name=PROJECTED).first()
    if pulse:
        return clock.today(pulse.ran_at)
    known_at = ContractTerm.objects.aggregate(oldest=Min("known_at"))["oldest"]
    return clock.today(min(known_at or now, now)) - timedelta(days=1)


def _mark_projected(day: date) -> None:
    Pulse.objects.bulk_create(
        [Pulse(name=PROJECTED, ran_at=midnight(day))],
        update_conflicts=True,
        update_fields=["ran_at"],
        unique_fields=["name"],
    )


_NEXT_CHANGE = """
    SELECT least(
        (SELECT min(starts_on) FROM crm_contractterm WHERE starts_on > %(day)s),
        (SELECT min(ends_on) FROM crm_contractterm WHERE ends_on > %(day)s),
        (SELECT min(t.ends_on) - 1 FROM crm_contractterm t JOIN crm_contract c ON c.id = t.contract_id
            WHERE %(renewing)s AND t.ends_on > %(day)s::date + 1 AND c.auto_renew AND c.status = 'paid'))
"""


def next_change(day: date, *, renewing: bool = False) -> date | None:
    """The first day after `day` on which a term begins or ends or, with `renewing`, is to be renewed."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_CHANGE, {"day": day, "renewing": renewing})
        (found,) = cursor.fetchone()
    return found  # type: ignore[no-any-return]


def midnight(day: date) -> datetime:
    """When the day begins in the installation's zone."""
    return datetime.combine(day, time.min, clock.zone()).astimezone(UTC)
