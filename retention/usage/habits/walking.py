"""The nightly walk: sum what each customer used, find how much use is much, and say who uses that much."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from crm.web.models import Walk
from crm.web.nightly import Nightly, next_ids
from retention.usage.habits import rules

#: Customers of one slice.
SLICE = 5_000

# The plan is that of the dearest term that runs. Written is only what differs.
_GATHER = """
    WITH days AS MATERIALIZED (
        SELECT account_id, feature, day, sum(count) AS uses FROM retention_usageday
        WHERE account_id = ANY(%(ids)s) AND day > %(since)s AND day <= %(today)s AND count > 0
        GROUP BY account_id, feature, day
    ), ranked AS (
        SELECT account_id, feature, sum(uses) AS uses, sum(sum(uses)) OVER (PARTITION BY account_id) AS total,
            row_number() OVER (PARTITION BY account_id ORDER BY sum(uses) DESC, feature) AS place
        FROM days GROUP BY account_id, feature
    ), interests AS (
        SELECT account_id, array_agg(feature ORDER BY place) AS names,
            array_agg(round(100 * uses / total)::smallint ORDER BY place) AS shares
        FROM ranked WHERE place <= %(most)s GROUP BY account_id
    ), active AS (
        SELECT account_id, count(DISTINCT day) AS days FROM days GROUP BY account_id
    ), plans AS (
        SELECT DISTINCT ON (c.account_id) c.account_id, c.plan FROM crm_contract c
        JOIN crm_contractterm t ON t.contract_id = c.id
        WHERE c.account_id = ANY(%(ids)s) AND c.status IN ('paid', 'trial')
            AND t.starts_on <= %(today)s AND coalesce(t.ends_on, 'infinity') > %(today)s
        ORDER BY c.account_id, t.mrr * t.rate DESC, c.id
    ), gone AS (
        DELETE FROM retention_usagehabit h WHERE h.account_id = ANY(%(ids)s)
            AND NOT EXISTS (SELECT FROM active WHERE active.account_id = h.account_id)
    )
    INSERT INTO retention_usagehabit AS h (account_id, plan, active_days, interests, shares, heavy)
    SELECT a.id, coalesce(plans.plan, ''), active.days, interests.names, interests.shares, false
    FROM (SELECT id FROM crm_account WHERE id = ANY(%(ids)s) ORDER BY id FOR KEY SHARE) a
    JOIN active ON active.account_id = a.id JOIN interests ON interests.account_id = a.id
    LEFT JOIN plans ON plans.account_id = a.id
    ORDER BY a.id
    ON CONFLICT (account_id) DO UPDATE SET plan = EXCLUDED.plan, active_days = EXCLUDED.active_days,
        interests = EXCLUDED.interests, shares = EXCLUDED.shares
    WHERE (h.plan, h.active_days, h.interests, h.shares)
        IS DISTINCT FROM (EXCLUDED.plan, EXCLUDED.active_days, EXCLUDED.interests, EXCLUDED.shares)
"""

# For each plan, and with a null plan for all: the days of the last customer of the first tenth.
_COMPARE = """
    SELECT plan, min(active_days) FILTER (WHERE above < ceil(total::numeric / %(one_in)s)) FROM (
        SELECT plan, active_days, sum(n) OVER (PARTITION BY plan) AS total,
            sum(n) OVER (PARTITION BY plan ORDER BY active_days DESC) - n AS above
        FROM (SELECT plan, active_days, count(*) AS n FROM retention_usagehabit
            GROUP BY GROUPING SETS ((plan, active_days), (active_days))) AS counted
    ) AS ranked
    WHERE plan IS NULL OR (plan <> '' AND total >= %(peers)s) GROUP BY plan
"""

_ASSIGN = """
    WITH locked AS MATERIALIZED (
        SELECT account_id, plan FROM retention_usagehabit WHERE account_id = ANY(%(ids)s)
        ORDER BY account_id FOR NO KEY UPDATE
    ), judged AS (
        SELECT locked.account_id, coalesce(edge.days, %(all)s) AS edge
        FROM locked LEFT JOIN unnest(%(plans)s::text[], %(edges)s::int[]) AS edge(plan, days) USING (plan)
    )
    UPDATE retention_usagehabit h SET heavy = h.active_days >= judged.edge FROM judged
    WHERE h.account_id = judged.account_id AND h.heavy <> (h.active_days >= judged.edge)
"""


def gather(walk: Walk, now: datetime) -> int:
    """What the next customers used."""
    ids = next_ids("crm_account", "id", walk, SLICE)
    if ids:
        assert walk.day
        since = walk.day - rules.WINDOW
        _run(_GATHER, {"ids": ids, "today": walk.day, "since": since, "most": rules.MOST_INTERESTS})
    return len(ids)


def compare(walk: Walk, now: datetime) -> int:
    """How many days of use are many: few numbers, from one look at all rows."""
    found = dict(_run(_COMPARE, {"one_in": rules.HEAVY_ONE_IN, "peers": rules.LEAST_PEERS}))
    walk.found = {"all": found.pop(None, None), "plans": found}
    return 0


def assign(walk: Walk, now: datetime) -> int:
    """Who is a heavy user among the next ones."""
    ids = next_ids("retention_usagehabit", "account_id", walk, SLICE)
    if ids:
        plans = walk.found["plans"]
        edges = {"plans": list(plans), "edges": list(plans.values()), "all": walk.found["all"]}
        _run(_ASSIGN, {"ids": ids, **edges})
    return len(ids)


def _run(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


HABITS = Nightly("habits", (gather, compare, assign))
