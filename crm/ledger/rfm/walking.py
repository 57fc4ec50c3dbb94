"""The nightly walk: gather what customers did, find where the fifths lie, and give each their scores and class."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from crm import slots
from crm.ledger.models import RfmScore
from crm.ledger.rfm import rules
from crm.web.models import Walk
from crm.web.nightly import Nightly, next_ids

#: Customers of one slice.
SLICE = 10_000

# Written is only what differs: most customers are today what they were yesterday. Who has not bought within the window
# has no place here any more.
_GATHER = """
    WITH facts (account_id, last_on, times, spent) AS ({facts}), summed AS (
        SELECT account_id, max(last_on) AS last_on, sum(times)::int AS times, round(sum(spent), 2) AS spent
        FROM facts GROUP BY account_id HAVING sum(times) > 0 AND max(last_on) IS NOT NULL
    ), gone AS (
        DELETE FROM crm_rfmscore s WHERE s.account_id = ANY(%(ids)s)
            AND NOT EXISTS (SELECT FROM summed WHERE summed.account_id = s.account_id))
    INSERT INTO crm_rfmscore AS s (account_id, last_on, times, spent, r, f, m, code)
    SELECT a.id, summed.last_on, summed.times, summed.spent, 0, 0, 0, ''
    FROM summed JOIN (SELECT id FROM crm_account WHERE id = ANY(%(ids)s) ORDER BY id FOR KEY SHARE) a
        ON a.id = summed.account_id
    ORDER BY a.id
    ON CONFLICT (account_id) DO UPDATE
    SET last_on = EXCLUDED.last_on, times = EXCLUDED.times, spent = EXCLUDED.spent
    WHERE (s.last_on, s.times, s.spent) IS DISTINCT FROM (EXCLUDED.last_on, EXCLUDED.times, EXCLUDED.spent)
"""

# The smallest value whose middle rank lies above each fifth; null where none does.
_FIFTHS = """
    SELECT {parts} FROM (
        SELECT value, (sum(n) OVER (ORDER BY value) - n / 2.0) / sum(n) OVER () AS rank
        FROM (SELECT {measure} AS value, count(*) AS n FROM crm_rfmscore GROUP BY 1) AS counted
    ) AS ranked
"""
MEASURES = {"r": "last_on", "f": "times", "m": "spent"}

_SCORE = """
    1 + (SELECT count(*) FROM unnest(%(edges_{name})s::{kind}[]) AS edge WHERE edge <= {measure})::int AS {name}
"""
_ASSIGN = """
    WITH scored AS (
        SELECT account_id, {scores} FROM crm_rfmscore WHERE account_id = ANY(%(ids)s)
    ), locked AS MATERIALIZED (
        SELECT account_id FROM crm_rfmscore WHERE account_id = ANY(%(ids)s) ORDER BY account_id FOR NO KEY UPDATE
    )
    UPDATE crm_rfmscore s SET r = scored.r, f = scored.f, m = scored.m, code = class.code
    FROM scored JOIN locked USING (account_id)
    JOIN unnest(%(rs)s::int[], %(fs)s::int[], %(ms)s::int[], %(codes)s::text[]) AS class(r, f, m, code)
        USING (r, f, m)
    WHERE s.account_id = scored.account_id
        AND (s.r, s.f, s.m, s.code) IS DISTINCT FROM (scored.r, scored.f, scored.m, class.code)
"""


def gather(walk: Walk, now: datetime) -> int:
    """What the facts say of the next customers."""
    ids = next_ids("crm_account", "id", walk, SLICE)
    if ids:
        facts, extra = _facts()
        _run(_GATHER.format(facts=facts), {"ids": ids, "today": walk.day, "since": _since(walk), **extra})
    return len(ids)


def _facts() -> tuple[str, dict[str, Any]]:
    """Those of all rooms together, and the parameters of their own."""
    known = list(slots.value_facts)
    extra = {name: value for facts in known for name, value in facts.parameters.items()}
    return " UNION ALL ".join(f"({facts.sql})" for facts in known), extra


def _since(walk: Walk) -> Any:
    assert walk.day
    return walk.day - rules.WINDOW


def compare(walk: Walk, now: datetime) -> int:
    """Where the fifths of each measure lie: one look at all, in the memory that Postgres gives to a sort."""
    parts = ", ".join(f"min(value) FILTER (WHERE rank > {fifth})::text" for fifth in rules.FIFTHS)
    for name, measure in MEASURES.items():
        with connection.cursor() as cursor:
            cursor.execute(_FIFTHS.format(parts=parts, measure=measure))
            walk.found[name] = [edge for edge in cursor.fetchone() if edge is not None]
    return 0


def assign(walk: Walk, now: datetime) -> int:
    """Scores and classes of the next customers, by the edges that were found."""
    ids = next_ids("crm_rfmscore", "account_id", walk, SLICE)
    if ids:
        kinds = {field.name: field.db_type(connection) for field in RfmScore._meta.local_concrete_fields}
        scores = ", ".join(
            _SCORE.format(name=name, measure=measure, kind=kinds[measure]) for name, measure in MEASURES.items()
        )
        edges = {f"edges_{name}": walk.found[name] for name in MEASURES}
        rs, fs, ms, codes = (list(column) for column in zip(*rules.every_class(), strict=True))
        _run(_ASSIGN.format(scores=scores), {"ids": ids, "rs": rs, "fs": fs, "ms": ms, "codes": codes, **edges})
    return len(ids)


def _run(sql: str, values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


RFM = Nightly("rfm", (gather, compare, assign))
