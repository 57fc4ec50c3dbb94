"""What is counted, one relation of deals for each figure: the figure is a sum over it, and the list behind it its rows.

All of it is read from the spells of one pipeline's stages, as they stood when the period ended, so that a past period
says the same tomorrow. (A move that was undone has never been.) `{mine}` is a condition on the id before it, of deals
that the viewer may see and the filter lets through; parameters are named, those of Period and Scope. OFFSET 0 keeps
Postgres from working a column out again wherever it is named.
"""

from __future__ import annotations

_STAGES = "unnest(%(stages)s::bigint[], %(levels)s::int[]) AS s(id, level)"

# Of each deal that entered an open stage in the period, and of each such stage: whether it went on from there (was in a
# later stage afterwards, or won), is lost, or is still under way, be it in this stage, an earlier one or another
# pipeline. Whoever enters a stage, leaves it and enters it again counts once, and has gone on with the first time.
PASSED = f"""
    SELECT w.deal_id, w.stage_id AS stage,
        CASE WHEN max(w.furthest) > w.level THEN 'on' WHEN min(w.ends) = %(lost)s THEN 'lost' ELSE 'under' END AS fate
    FROM (
        SELECT p.deal_id, p.stage_id, s.level, first_value(s.level) OVER since AS ends,
            max(s.level) OVER since AS furthest
        FROM crm_dealspell p JOIN {_STAGES} ON s.id = p.stage_id
        WHERE p.stage_id = ANY(%(stages)s) AND p.began_at >= %(begin)s AND p.began_at < %(until)s AND p.deal_id {{mine}}
        WINDOW since AS (PARTITION BY p.deal_id ORDER BY p.began_at DESC, p.id DESC ROWS UNBOUNDED PRECEDING)
    ) w
    WHERE w.stage_id = ANY(%(open)s) GROUP BY w.deal_id, w.stage_id, w.level
"""  # noqa: S608  (a constant of ours)

# Those of them whose way is decided: conversion is the share of those that went on.
SETTLED = f"SELECT * FROM ({PASSED}) x WHERE fate <> 'under'"  # noqa: S608  (a constant of ours)

# Of each deal that left an open stage in the period: how long it had been there, all stays that ended in it together,
# and whether that was longer than expected.
TOOK = """
    SELECT x.deal_id, x.stage, x.days, coalesce(x.days > s.expected_days, FALSE)::text AS late
    FROM (
        SELECT p.deal_id, p.stage_id AS stage, extract(epoch FROM sum(p.ended_at - p.began_at))::float8 / 86400 AS days
        FROM crm_dealspell p
        WHERE p.stage_id = ANY(%(open)s) AND p.ended_at >= %(begin)s AND p.ended_at < %(until)s AND p.deal_id {mine}
        GROUP BY p.deal_id, p.stage_id
    ) x JOIN crm_stage s ON s.id = x.stage
"""

# Of each deal that stood in an open stage when the period ended: whether it had been there for longer than expected.
STANDING = """
    SELECT p.deal_id, p.stage_id AS stage,
        coalesce(p.began_at + s.expected_days * interval '24 hours' <= %(until)s, FALSE)::text AS late
    FROM crm_dealspell p JOIN crm_stage s ON s.id = p.stage_id
    WHERE p.stage_id = ANY(%(open)s) AND p.began_at < %(until)s AND (p.ended_at IS NULL OR p.ended_at >= %(until)s)
        AND p.deal_id {mine}
"""

# Deals opened in the period that are in the pipeline now.
OPENED = """
    SELECT d.id AS deal_id FROM crm_deal d
    WHERE d.pipeline_id = %(pipeline)s AND d.created_at >= %(begin)s AND d.created_at < %(until)s AND d.id {mine}
"""

# Deals that came into a stage that closes within the period and were there when it ended. Owner, source, amount and
# reason are those that the deal has now.
_DECIDED = """
    SELECT p.deal_id, CASE WHEN p.stage_id = ANY(%(winning)s) THEN 'won' ELSE 'lost' END AS fate,
        p.stage_id = ANY(%(stages)s) AS here, p.began_at AS at, d.owner_id AS owner, d.source,
        d.lost_because_id AS reason, d.value, d.account_id, d.created_at,
        to_char(p.began_at AT TIME ZONE %(zone)s, 'YYYY-MM') AS month,
        (extract(epoch FROM p.began_at - d.created_at) / 86400)::float8 AS days
    FROM crm_dealspell p JOIN crm_deal d ON d.id = p.deal_id
    WHERE p.stage_id = ANY({closing}) AND p.began_at >= %(begin)s AND p.began_at < %(until)s
        AND coalesce(p.ended_at >= %(until)s, TRUE) AND p.deal_id {{mine}}
"""
DECIDED = _DECIDED.format(closing="%(closing)s")
_EVERYWHERE = _DECIDED.format(closing="%(everywhere)s")

# Whose deals were decided, in this pipeline (`here`) and in all: of somebody who was a customer on the day on which the
# deal was opened (existing), had been one before (former), or never (new). The ledger says who was one on which day.
WHOSE = f"""
    SELECT c.deal_id, c.fate, c.here,
        CASE WHEN known.now THEN 'existing' WHEN known.now IS NULL THEN 'new' ELSE 'former' END AS whose
    FROM (SELECT *, (created_at AT TIME ZONE %(zone)s)::date AS day FROM ({_EVERYWHERE}) x OFFSET 0) c
    LEFT JOIN LATERAL (
        SELECT coalesce(s.ends_on > c.day, TRUE) AS now FROM crm_customerspan s
        WHERE s.account_id = c.account_id AND s.starts_on <= c.day ORDER BY s.starts_on DESC LIMIT 1
    ) known ON TRUE
"""  # noqa: S608  (constants of ours)

# Of deals that are won: whether their customer stayed for six months, from the first day of the deal's contract or,
# without one, the day of the sale. Who was a customer on the last of these days, as the ledger says, has stayed, and
# has left otherwise. It is judged in the period in which that day lies; what is still younger when the period ends is
# too early to tell. A sale whose contract begins more than a year later is not waited for.
STAYED = """
    SELECT x.deal_id, x.owner,
        CASE WHEN x.judged > %(known)s THEN 'early' WHEN EXISTS (
            SELECT FROM crm_customerspan s
            WHERE s.account_id = x.account_id AND s.starts_on <= x.judged AND coalesce(s.ends_on > x.judged, TRUE)
        ) THEN 'stayed' ELSE 'left' END AS fate
    FROM (
        SELECT p.deal_id, d.owner_id AS owner, d.account_id, (coalesce(
            (SELECT min(t.starts_on) FROM crm_contractterm t WHERE t.contract_id = d.contract_id),
            (p.began_at AT TIME ZONE %(zone)s)::date) + %(months)s * interval '1 month')::date - 1 AS judged
        FROM crm_dealspell p JOIN crm_deal d ON d.id = p.deal_id
        WHERE p.stage_id = ANY(%(won)s) AND p.began_at < %(until)s AND coalesce(p.ended_at >= %(until)s, TRUE)
            AND p.began_at >= %(begin)s - (%(months)s + 12) * interval '1 month' AND p.deal_id {mine}
            AND (d.contract_id IS NOT NULL  -- else its day is that of the sale: no later one is worked out
                OR p.began_at >= %(begin)s - %(months)s * interval '1 month' - interval '3 days')
        OFFSET 0
    ) x
    WHERE x.judged >= %(first)s
"""

# Those of them that are old enough.
JUDGED = f"SELECT * FROM ({STAYED}) x WHERE fate <> 'early'"  # noqa: S608  (a constant of ours)

_LATEST = f"SELECT * FROM ({DECIDED}) x WHERE fate = 'won' ORDER BY at DESC, deal_id DESC LIMIT %(sales)s"  # noqa: S608

# Touches before each of the latest sales of the period, since the customer's sale before that one, if there was one.
# A sale without any touch has one line of none.
TOUCHED = f"""
    SELECT w.deal_id, e.kind, e.channel, count(e.id) AS many,
        (extract(epoch FROM w.at - min(e.occurred_at)) / 86400)::float8 AS days
    FROM ({_LATEST}) w
    LEFT JOIN LATERAL (
        SELECT max(o.closed_at) AS at FROM crm_deal o
        WHERE o.account_id = w.account_id AND o.outcome = 'won' AND o.closed_at < w.at
    ) last ON TRUE
    LEFT JOIN crm_timelineentry e ON e.account_id = w.account_id AND e.kind = ANY(%(touches)s)
        AND e.occurred_at < w.at AND e.occurred_at >= coalesce(last.at, '-infinity')
    GROUP BY w.deal_id, w.at, e.kind, e.channel
"""  # noqa: S608  (constants of ours)
