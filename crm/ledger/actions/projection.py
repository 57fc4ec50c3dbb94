"""What follows from the facts of an account: its own columns, its spans as a customer, and what moved on which day.

`project` is the one verb that derives them, for whatever has changed: run again, or by two at once, it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import batched
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from crm.ledger.actions.effective import EFFECTIVE, half_even
from crm.ledger.models import Payment
from crm.web import clock

#: Accounts projected in one statement and transaction.
BATCH = 2000

_LOCK = "SELECT id FROM crm_account WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE"

# The days of all terms and purchases, added up in their order; a level that is as the one before it is no edge. So an
# edge is where a span begins, ends or changes, and it is a movement as well.
_EDGES = f"""
    term AS MATERIALIZED ({EFFECTIVE.format(only="c.account_id = ANY(%(ids)s)")}
    ), bought AS MATERIALIZED (
        SELECT account_id, (purchased_at AT TIME ZONE %(zone)s)::date AS day FROM crm_purchase
        WHERE %(window)s > 0 AND account_id = ANY(%(ids)s)
    ), level AS (
        SELECT account_id, day, sum(sum(mrr)) OVER days AS mrr, sum(sum(n)) OVER days AS n
        FROM (
            SELECT account_id, starts_on AS day, mrr, 1 AS n FROM term WHERE counts
            UNION ALL SELECT account_id, ends_on, -mrr, -1 FROM term WHERE counts AND ends_on IS NOT NULL
            UNION ALL SELECT account_id, day, 0, 1 FROM bought
            UNION ALL SELECT account_id, day + %(window)s, 0, -1 FROM bought
        ) AS change GROUP BY account_id, day WINDOW days AS (PARTITION BY account_id ORDER BY day)
    ), rounded AS (
        SELECT account_id, day, n > 0 AS customer, {half_even("mrr")} AS mrr FROM level
    ), edge AS MATERIALIZED (
        SELECT account_id, day, customer, mrr, was, had, lead(day) OVER days AS until,
            row_number() OVER days = 1 AS first
        FROM (
            SELECT *, coalesce(lag(customer) OVER days, FALSE) AS was, coalesce(lag(mrr) OVER days, 0) AS had
            FROM rounded WINDOW days AS (PARTITION BY account_id ORDER BY day)
        ) AS compared
        WHERE (customer, mrr) <> (was, had) WINDOW days AS (PARTITION BY account_id ORDER BY day)
    )
"""  # noqa: S608  (constants of ours)

# Spans that are as they were stay. Those that are made wait until those that are not any more are gone.
_SPANS = """
    gone AS (
        DELETE FROM crm_customerspan s WHERE s.account_id = ANY(%(ids)s) AND NOT EXISTS (
            SELECT FROM edge e WHERE e.account_id = s.account_id AND e.day = s.starts_on AND e.customer
                AND e.mrr = s.mrr AND e.until IS NOT DISTINCT FROM s.ends_on)
        RETURNING 1
    ), made AS (
        INSERT INTO crm_customerspan (account_id, starts_on, ends_on, mrr)
        SELECT e.account_id, e.day, e.until, e.mrr FROM edge e
        WHERE e.customer AND (SELECT count(*) FROM gone) >= 0 AND NOT EXISTS (
            SELECT FROM crm_customerspan s WHERE s.account_id = e.account_id AND s.starts_on = e.day
                AND s.mrr = e.mrr AND s.ends_on IS NOT DISTINCT FROM e.until)
        ORDER BY e.account_id, e.day
    )
"""

# What has been said of a day is compared even where it is still to come: the clock of another worker may be ahead.
_MOVEMENTS = """
    follows AS (
        SELECT account_id, day, mrr - had AS amount, customer::int - was::int AS customers,
            CASE WHEN first THEN 'new' WHEN NOT was THEN 'reactivation' WHEN NOT customer THEN 'churn'
                WHEN mrr > had THEN 'expansion' ELSE 'contraction' END AS kind
        FROM edge
    ), said AS (
        SELECT account_id, day, kind, sum(amount) AS amount, sum(customers) AS customers FROM crm_mrrmovement
        WHERE account_id = ANY(%(ids)s) GROUP BY account_id, day, kind
    ), moved AS (
        INSERT INTO crm_mrrmovement (account_id, day, kind, amount, customers, known_at)
        SELECT account_id, day, kind, coalesce(f.amount, 0) - coalesce(s.amount, 0),
            coalesce(f.customers, 0) - coalesce(s.customers, 0), %(now)s
        FROM follows f FULL JOIN said s USING (account_id, day, kind)
        WHERE (day <= %(day)s OR s.kind IS NOT NULL)
            AND (coalesce(f.amount, 0), coalesce(f.customers, 0)) <> (coalesce(s.amount, 0), coalesce(s.customers, 0))
        ORDER BY account_id, day
    )
"""

# Without money that came in, the lifetime spend is what somebody has entered. Where there are purchases, payments
# without a contract are what was paid for them, so that of these only what went back counts.
_SPEND = """
    spend AS MATERIALIZED (
        SELECT account_id, round(sum(amount), 2) AS amount FROM (
            SELECT account_id, rate * (CASE WHEN contract_id IS NULL AND EXISTS (
                    SELECT FROM crm_purchase b WHERE b.account_id = m.account_id) THEN 0 ELSE amount END - refunded)
                AS amount
            FROM crm_payment m WHERE account_id = ANY(%(ids)s) AND status = ANY(%(received)s)
            UNION ALL
            SELECT p.account_id, i.amount * p.rate FROM crm_purchase p JOIN crm_purchaseitem i ON i.purchase_id = p.id
            WHERE p.account_id = ANY(%(ids)s)
        ) AS paid GROUP BY account_id
    ), entered AS (
        INSERT INTO crm_enteredspend (account_id, amount)
        SELECT a.id, a.lifetime_spend FROM spend JOIN crm_account a ON a.id = spend.account_id
        ON CONFLICT (account_id) DO NOTHING
    ), no_more AS (
        DELETE FROM crm_enteredspend e
        WHERE e.account_id = ANY(%(ids)s) AND NOT EXISTS (SELECT FROM spend WHERE spend.account_id = e.account_id)
        RETURNING e.account_id, e.amount
    )
"""

# Paid beats paused beats trial. An account between two booked terms is paused. A contract that has not begun yet, like
# a trial that ran out, leaves a lead a lead.
_ACCOUNTS = """
    contract AS (
        SELECT account_id, status, counts, max(starts_on) AS last_start, max(coalesce(ends_on, 'infinity')) AS last_end,
            bool_or(starts_on <= %(day)s AND coalesce(ends_on, 'infinity') > %(day)s) AS covers
        FROM term GROUP BY account_id, contract_id, status, counts
    ), standing AS (
        SELECT account_id,
            bool_or(covers AND status IN ('paid', 'cancelled')) AS paid,
            bool_or(covers AND status = 'paused') AS paused, bool_or(covers AND status = 'trial') AS tried,
            bool_or(counts AND last_start > %(day)s) AS goes_on,
            nullif(min(last_end) FILTER (WHERE counts AND covers), 'infinity') AS renews_on
        FROM contract GROUP BY account_id
    ), since AS (
        SELECT account_id, min(day) AS day,
            max(mrr) FILTER (WHERE customer AND coalesce(until, 'infinity') > %(day)s) AS mrr,
            bool_or(customer AND coalesce(until, 'infinity') > %(day)s) AS customer
        FROM edge WHERE day <= %(day)s GROUP BY account_id
    ), derived AS (
        SELECT a.id, since.day AS customer_since, coalesce(since.mrr, 0) AS mrr, s.renews_on,
            CASE WHEN s.paid OR since.customer AND NOT coalesce(s.paused, FALSE) THEN 'customer'
                WHEN s.paused THEN 'paused'
                WHEN s.tried THEN 'trial'
                WHEN s.goes_on AND since.day IS NOT NULL THEN 'paused'
                WHEN since.day IS NOT NULL THEN 'churned'
                ELSE 'lead' END AS lifecycle,
            coalesce(spend.amount, no_more.amount) AS spend
        FROM unnest(%(ids)s::bigint[]) AS a(id) LEFT JOIN standing s ON s.account_id = a.id
            LEFT JOIN since ON since.account_id = a.id LEFT JOIN spend ON spend.account_id = a.id
            LEFT JOIN no_more ON no_more.account_id = a.id
    )
    UPDATE crm_account a
    SET lifecycle = d.lifecycle, customer_since = d.customer_since, mrr = d.mrr, renews_on = d.renews_on,
        lifetime_spend = coalesce(d.spend, a.lifetime_spend)
    FROM derived d
    WHERE a.id = d.id AND (a.lifecycle, a.customer_since, a.mrr, a.renews_on, a.lifetime_spend)
        IS DISTINCT FROM (d.lifecycle, d.customer_since, d.mrr, d.renews_on, coalesce(d.spend, a.lifetime_spend))
"""

_PROJECT = f"WITH {_EDGES}, {_SPANS}, {_MOVEMENTS}, {_SPEND}, {_ACCOUNTS}"


def project(account_ids: Iterable[int], now: datetime) -> int:
    """Derive all that follows from the facts of these accounts as they are now: columns, spans, movements.

    Returns how many accounts changed. Runs in the caller's transaction, if there is one.
    """
    changed = 0
    for batch in batched(sorted(set(account_ids)), BATCH, strict=False):
        parameters: dict[str, Any] = {
            "ids": list(batch), "day": clock.today(now), "now": now, "zone": clock.zone().key,
            "window": settings.PURCHASE_WINDOW_DAYS, "received": [status.value for status in Payment.RECEIVED],
        }  # fmt: skip
        with transaction.atomic(), connection.cursor() as cursor:
            # Locked in a statement of its own: the next one sees facts that were committed while we waited.
            cursor.execute(_LOCK, parameters)
            cursor.execute(_PROJECT, parameters)
            changed += cursor.rowcount
    return changed
