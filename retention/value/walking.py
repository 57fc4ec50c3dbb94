"""The nightly walk: gather what customers paid and cost, find what is typical of a plan, judge each by the rules."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from crm.segments.rules import day_start
from crm.tickets.rules.rating import GOOD
from crm.web import clock
from crm.web.models import Walk
from crm.web.nightly import Nightly, next_ids
from retention.value import pairs, rules
from retention.value.models import ValueSettings

#: Customers of one slice.
SLICE = 5_000
#: What takes the time of our people, beside replies to tickets.
TOUCHES = ["call.logged", "meeting.logged", "interview.logged"]

# Programs may record touches too: minutes that are no number count as if nobody had noted them. The plan is that of
# the dearest term that runs. Written is only what differs.
_GATHER = """
    WITH account AS MATERIALIZED (
        SELECT id, lifecycle, lifetime_spend AS spend FROM crm_account WHERE id = ANY(%(ids)s) ORDER BY id FOR KEY SHARE
    ), reply AS (
        SELECT t.account_id, count(*) AS n FROM crm_ticket t JOIN crm_ticketmessage m ON m.ticket_id = t.id
        WHERE t.account_id = ANY(%(ids)s) AND m.kind = 'out' AND m.user_id IS NOT NULL AND m.called_off_at IS NULL
        GROUP BY t.account_id
    ), touch AS (
        SELECT account_id, sum(CASE WHEN jsonb_typeof(payload -> 'minutes') = 'number'
            THEN least(greatest((payload ->> 'minutes')::numeric, 0), 1440) ELSE %(of_touch)s END) AS minutes
        FROM crm_timelineentry WHERE account_id = ANY(%(ids)s) AND kind = ANY(%(touches)s) GROUP BY account_id
    ), served AS (
        SELECT a.id AS account_id,
            (coalesce(reply.n, 0) * %(of_reply)s + coalesce(touch.minutes, 0))::int AS minutes
        FROM account a LEFT JOIN reply ON reply.account_id = a.id LEFT JOIN touch ON touch.account_id = a.id
    ), used AS (
        SELECT account_id, sum(count) FILTER (WHERE day > %(month)s) AS uses,
            sum(count) FILTER (WHERE day <= %(month)s) AS before
        FROM retention_usageday WHERE account_id = ANY(%(ids)s) AND day > %(months)s AND day <= %(today)s
        GROUP BY account_id
    ), asked AS (
        SELECT account_id, round(100.0 * count(*) FILTER (WHERE score >= %(good)s) / count(*)) AS csat
        FROM crm_ticketrating
        WHERE account_id = ANY(%(ids)s) AND score IS NOT NULL AND answered_at >= %(lately)s GROUP BY account_id
    ), complained AS (
        SELECT account_id, count(*) AS n FROM crm_ticket
        WHERE account_id = ANY(%(ids)s) AND status IN ('new', 'open', 'pending', 'on_hold') AND NOT is_spam
            AND (mood < 0 OR overran) GROUP BY account_id
    ), due AS (
        SELECT account_id, count(*) AS n, count(*) FILTER (WHERE CASE WHEN status IN ('open', 'failed')
            THEN status = 'failed' OR due_at + %(grace)s <= %(now)s ELSE paid_at > due_at + %(grace)s END) AS late
        FROM crm_payment
        WHERE account_id = ANY(%(ids)s) AND status <> 'void' AND due_at >= %(lately)s AND due_at <= %(now)s
        GROUP BY account_id
    ), plan AS (
        SELECT DISTINCT ON (c.account_id) c.account_id, c.plan FROM crm_contract c
        JOIN crm_contractterm t ON t.contract_id = c.id
        WHERE c.account_id = ANY(%(ids)s) AND c.status IN ('paid', 'trial')
            AND t.starts_on <= %(today)s AND coalesce(t.ends_on, 'infinity') > %(today)s
        ORDER BY c.account_id, t.mrr * t.rate DESC, c.id
    ), found AS (
        SELECT a.id AS account_id, coalesce(plan.plan, '') AS plan, a.spend, served.minutes,
            round(served.minutes * %(hour)s / 60, 2) AS cost, coalesce(used.uses, 0) AS uses,
            coalesce(used.before, 0) AS uses_before, asked.csat, coalesce(complained.n, 0) AS complaints,
            coalesce(due.n, 0) AS payments, coalesce(due.late, 0) AS late
        FROM account a JOIN served ON served.account_id = a.id LEFT JOIN used ON used.account_id = a.id
        LEFT JOIN asked ON asked.account_id = a.id LEFT JOIN complained ON complained.account_id = a.id
        LEFT JOIN due ON due.account_id = a.id LEFT JOIN plan ON plan.account_id = a.id
        WHERE a.lifecycle IN ('customer', 'paused', 'trial') OR a.spend <> 0 OR served.minutes > 0
    ), gone AS (
        DELETE FROM retention_accountvalue v WHERE v.account_id = ANY(%(ids)s)
            AND NOT EXISTS (SELECT FROM found WHERE found.account_id = v.account_id)
    )
    INSERT INTO retention_accountvalue AS v (account_id, plan, spend, minutes, cost, margin, uses, uses_before, csat,
        complaints, payments, late, met, ready, verdict)
    SELECT account_id, plan, spend, minutes, cost, spend - cost, uses, uses_before, csat, complaints, payments, late,
        '{}', FALSE, '' FROM found ORDER BY account_id
    ON CONFLICT (account_id) DO UPDATE SET plan = EXCLUDED.plan, spend = EXCLUDED.spend, minutes = EXCLUDED.minutes,
        cost = EXCLUDED.cost, margin = EXCLUDED.margin, uses = EXCLUDED.uses, uses_before = EXCLUDED.uses_before,
        csat = EXCLUDED.csat, complaints = EXCLUDED.complaints, payments = EXCLUDED.payments, late = EXCLUDED.late
    WHERE (v.plan, v.spend, v.minutes, v.cost, v.uses, v.uses_before, v.csat, v.complaints, v.payments, v.late)
        IS DISTINCT FROM (EXCLUDED.plan, EXCLUDED.spend, EXCLUDED.minutes, EXCLUDED.cost, EXCLUDED.uses,
            EXCLUDED.uses_before, EXCLUDED.csat, EXCLUDED.complaints, EXCLUDED.payments, EXCLUDED.late)
"""

# For each plan, and with a null plan for all who use the product: the uses of the customer in the middle.
_TYPICAL = """
    SELECT plan, percentile_disc(0.5) WITHIN GROUP (ORDER BY uses) FROM retention_accountvalue
    WHERE uses > 0 GROUP BY GROUPING SETS ((plan), ())
    HAVING grouping(plan) = 1 OR (plan <> '' AND count(*) >= %(peers)s)
"""

_STANDING = """
    SELECT v.account_id, a.lifecycle, %(today)s::date - a.customer_since, v.spend, v.cost, v.minutes, v.uses,
        v.uses_before, v.plan, a.goal_state, v.complaints, v.csat, a.renews_on - %(today)s::date, v.payments, v.late,
        EXISTS (SELECT FROM crm_cancellation c WHERE c.account_id = v.account_id AND c.effective_on > %(today)s::date
            AND c.withdrawn_on IS NULL AND c.saved_by IS NULL)
    FROM retention_accountvalue v JOIN crm_account a ON a.id = v.account_id WHERE v.account_id = ANY(%(ids)s)
"""

_ASSIGN = """
    WITH judged AS (
        SELECT * FROM jsonb_to_recordset(%(rows)s) AS row(
            account_id bigint, typical bigint, met varchar(10)[], ready boolean, verdict varchar(6))
    ), locked AS MATERIALIZED (
        SELECT account_id FROM retention_accountvalue WHERE account_id = ANY(%(ids)s)
        ORDER BY account_id FOR NO KEY UPDATE
    )
    UPDATE retention_accountvalue v
    SET typical = judged.typical, met = judged.met, ready = judged.ready, verdict = judged.verdict
    FROM judged JOIN locked USING (account_id)
    WHERE v.account_id = judged.account_id AND (v.typical, v.met, v.ready, v.verdict)
        IS DISTINCT FROM (judged.typical, judged.met, judged.ready, judged.verdict)
"""


def gather(walk: Walk, now: datetime) -> int:
    """What the next customers paid, cost and did."""
    ids = next_ids("crm_account", "id", walk, SLICE)
    if ids:
        assert walk.day
        _run(_GATHER, {"ids": ids, **_bounds(walk.day, now), **_prices()})
    return len(ids)


def _bounds(today: date, now: datetime) -> dict[str, Any]:
    month = timedelta(days=rules.USAGE_DAYS)
    return {
        "today": today, "now": now, "month": today - month, "months": today - 2 * month, "touches": TOUCHES,
        "lately": day_start(today - timedelta(days=rules.LATELY_DAYS), clock.zone()), "good": GOOD,
        "grace": timedelta(days=rules.GRACE_DAYS),
    }  # fmt: skip


def _prices() -> dict[str, Any]:
    row = ValueSettings.the_only()
    return {"hour": row.cost_per_hour, "of_reply": row.minutes_per_reply, "of_touch": row.minutes_per_touch}


def compare(walk: Walk, now: datetime) -> int:
    """How much use is typical: few numbers, from one look at all rows."""
    found = dict(_run(_TYPICAL, {"peers": rules.LEAST_PEERS}))
    walk.found = {"all": found.pop(None, None), "plans": found}
    return 0


def assign(walk: Walk, now: datetime) -> int:
    """What the rules say of the next ones."""
    ids = next_ids("retention_accountvalue", "account_id", walk, SLICE)
    if ids:
        assert walk.day
        judged = [_judged(row, walk.found) for row in _run(_STANDING, {"ids": ids, "today": walk.day})]
        _run(_ASSIGN, {"ids": ids, "rows": Jsonb(judged)})
    return len(ids)


def _judged(row: tuple[Any, ...], found: dict[str, Any]) -> dict[str, Any]:
    account_id, lifecycle, since, spend, cost, minutes, uses, before, plan, *rest = row
    typical = found["plans"].get(plan, found["all"])
    facts = rules.Facts(lifecycle, since, spend, cost, minutes, uses, before, typical, *rest)
    return {
        "account_id": account_id, "typical": typical, "met": rules.met(facts), "ready": rules.is_ready(facts),
        "verdict": rules.verdict(facts),
    }  # fmt: skip


def pair(walk: Walk, now: datetime) -> int:
    """Which products go together: one statement."""
    assert walk.day
    pairs.derive(walk.day)
    return 0


def _run(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


VALUE = Nightly("value", (gather, compare, assign, pair))


def begin_anew() -> None:
    """What it was counted with has changed: the next bell begins again. A slice that is under way is waited for."""
    Walk.objects.filter(name=VALUE.name).update(stage=len(VALUE.stages), day=None)


def counted(now: datetime) -> tuple[date | None, bool]:
    """The day of the walk whose figures these are, or some of them, and whether they are today's and whole."""
    walk = Walk.objects.filter(name=VALUE.name).first()
    if walk is None or walk.day is None:
        return None, False
    return walk.day, walk.day >= clock.today(now) and walk.stage >= len(VALUE.stages)
