"""record(): the one way onto the timeline."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from psycopg.types.json import Jsonb

from crm.web import clock


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened. `key`, when given, makes the fact unique: recording it again does nothing."""

    account_id: int
    kind: str
    text: str
    occurred_at: datetime | None = None  # None: now
    contact_id: int | None = None
    source: str = "automatic"
    actor_id: int | None = None
    channel: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    key: str | None = None


# One statement, so that a fact never exists without its pending row.
_INSERT = """
    WITH fact AS (
        SELECT * FROM jsonb_to_recordset(%(facts)s) AS f(
            account_id bigint, contact_id bigint, kind text, occurred_at timestamptz, source text, actor_id bigint,
            channel text, text text, payload jsonb, key text)
    ), entry AS (
        INSERT INTO crm_timelineentry
            (account_id, contact_id, kind, occurred_at, recorded_at, source, actor_id, channel, text, payload, key)
        SELECT account_id, contact_id, kind, coalesce(occurred_at, %(now)s), %(now)s, source, actor_id,
            channel, text, payload, key
        FROM fact
        ON CONFLICT (key) DO NOTHING
        RETURNING id
    ), pending AS (
        INSERT INTO crm_pending (entry_id, attempts, error)
        SELECT id, 0, '' FROM entry WHERE %(react)s
    )
    SELECT id FROM entry
"""

#: About 1 MB of facts in one statement.
BATCH = 1000


def record(facts: Fact | Iterable[Fact], *, react: bool = True, now: datetime | None = None) -> list[int]:
    """Write facts and what makes the workflows look at them, in the caller's transaction.

    `react=False` is for history: facts that must fire nothing. Returns the ids of the entries written; a fact whose
    key was known writes none.
    """
    rows = [facts] if isinstance(facts, Fact) else list(facts)
    moment = now or clock.now()
    ids: list[int] = []
    with connection.cursor() as cursor:
        for start in range(0, len(rows), BATCH):
            batch = [asdict(row) for row in rows[start : start + BATCH]]
            values: dict[str, Any] = {"facts": Jsonb(batch, dumps=_dumps), "now": moment, "react": react}
            cursor.execute(_INSERT, values)
            ids += [row[0] for row in cursor.fetchall()]
    return ids


def _dumps(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder)
