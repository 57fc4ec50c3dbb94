"""How many workflows set each other off before somebody entered: a row of them ends after a few.

Who is enrolled by a step counts one more than who stood at it. A fact that a step records carries the same number in
its pending row, and whoever it makes enter takes it over here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from retention.workflows.rules import MOST_DEPTH, TOO_DEEP

_DEEPEN = """
    WITH deep AS (SELECT * FROM unnest(%(entries)s::bigint[], %(depths)s::smallint[]) AS d(entry_id, depth)),
    entered AS (
        UPDATE retention_enrollment e SET depth = deep.depth,
            state = CASE WHEN deep.depth > %(most)s THEN 'exited' ELSE e.state END,
            ended_at = CASE WHEN deep.depth > %(most)s THEN %(now)s END,
            ended_because = CASE WHEN deep.depth > %(most)s THEN %(because)s ELSE '' END
        FROM deep, crm_timelineentry fact
        WHERE fact.id = deep.entry_id AND e.account_id = fact.account_id AND e.trigger_key = 'entry:' || fact.id
            AND e.state = 'active' AND e.depth = 0 AND e.entered_at = %(now)s
        RETURNING e.id, e.step_id, e.visit, e.depth
    )
    INSERT INTO retention_steprun (enrollment_id, step_id, visit, kind, ran_at, outcome, detail)
    SELECT id, step_id, visit, 'end', %(now)s, %(because)s, jsonb_build_object('depth', depth)
    FROM entered WHERE depth > %(most)s
    ON CONFLICT DO NOTHING
"""


def deepen(depths: Mapping[int, int], now: datetime) -> None:
    """Whoever entered for these entries just now is as deep as they say; too deep, they leave before the first step."""
    values: dict[str, Any] = {
        "entries": list(depths), "depths": list(depths.values()), "most": MOST_DEPTH, "now": now,
        "because": f"Stopped: {TOO_DEEP}",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_DEEPEN, values)
