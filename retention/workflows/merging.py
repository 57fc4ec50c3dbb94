"""Enrollments when two customers become one: each goes on once, and a fact that made both enter counts once."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from crm.slots import Person
from retention.workflows.models import Enrollment

_State = Enrollment.State

ONCE = "The customer is in it already, since two were merged"
ERASED = "The person it was about was erased"

# Of two that the same fact has made enter, the keeper's goes on. The other one ends under a key of its own: its steps
# and mails still explain themselves by it, and the guard on the mail keeps back what it had planned.
_END = """
    WITH twice AS (
        SELECT l.id, l.trigger_key, l.state, l.ended_at, l.ended_because FROM retention_enrollment l
        WHERE l.account_id = %(loser)s AND EXISTS (
            SELECT FROM retention_enrollment k WHERE k.account_id = %(keeper)s
            AND k.workflow_id = l.workflow_id AND k.trigger_key = l.trigger_key)
        ORDER BY l.id FOR UPDATE
    )
    UPDATE retention_enrollment e SET trigger_key = left(twice.trigger_key, 130) || ':merged:' || e.id,
        state = CASE WHEN e.state = ANY(%(open)s) THEN 'exited' ELSE e.state END,
        ended_at = CASE WHEN e.state = ANY(%(open)s) THEN %(now)s ELSE e.ended_at END,
        ended_because = CASE WHEN e.state = ANY(%(open)s) THEN %(why)s ELSE e.ended_because END
    FROM twice WHERE e.id = twice.id
    RETURNING jsonb_build_object('id', e.id, 'was', to_jsonb(twice), 'key', e.trigger_key, 'state', e.state)
"""
_MOVE = """
    WITH locked AS MATERIALIZED (
        SELECT id FROM retention_enrollment WHERE account_id = %(loser)s ORDER BY id FOR UPDATE)
    UPDATE retention_enrollment e SET account_id = %(keeper)s FROM locked WHERE e.id = locked.id RETURNING e.id
"""
# The fact that one of them waits for may stand on the timeline that the other one brought: its step looks again.
_WAKE = """
    WITH locked AS MATERIALIZED (
        SELECT id FROM retention_enrollment
        WHERE account_id = %(keeper)s AND state = 'active' AND awaits_until > %(now)s ORDER BY id FOR UPDATE)
    UPDATE retention_enrollment e SET due_at = least(e.due_at, %(now)s) FROM locked WHERE e.id = locked.id
"""
_REOPEN = """
    UPDATE retention_enrollment e SET trigger_key = was.trigger_key, state = was.state, ended_at = was.ended_at,
        ended_because = was.ended_because
    FROM jsonb_populate_record(NULL::retention_enrollment, %(was)s) was
    WHERE e.id = %(id)s AND e.trigger_key = %(key)s AND e.state = %(state)s
"""


def move(loser: int, keeper: int, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {
        "loser": loser, "keeper": keeper, "now": now, "why": ONCE, "open": [_State.ACTIVE, _State.PARKED],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_END, values)
        ended = [json.loads(row[0]) for row in cursor.fetchall()]
        cursor.execute(_MOVE, values)
        moved = sorted(row[0] for row in cursor.fetchall())
        cursor.execute(_WAKE, values)
    return {"moved": moved, "ended": ended} if moved else {}


def move_back(done: dict[str, Any], loser: int, keeper: int) -> list[str]:
    """What has gone on since stays as far as it has come; it goes back all the same."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE retention_enrollment SET account_id = %s WHERE id = ANY(%s) AND account_id = %s",
            [loser, done["moved"], keeper],
        )
        for one in done["ended"]:
            values: dict[str, Any] = {**one, "was": Jsonb(one["was"])}
            cursor.execute(_REOPEN, values)
    return []


_ERASE = """
    WITH locked AS MATERIALIZED (
        SELECT id FROM retention_enrollment WHERE contact_id = %(contact)s ORDER BY id FOR UPDATE)
    UPDATE retention_enrollment e SET contact_id = NULL, facts = facts - 'contact',
        state = CASE WHEN state = ANY(%(open)s) THEN 'exited' ELSE state END,
        ended_at = CASE WHEN state = ANY(%(open)s) THEN %(now)s ELSE ended_at END,
        ended_because = CASE WHEN state = ANY(%(open)s) THEN %(why)s ELSE ended_because END
    FROM locked WHERE e.id = locked.id
"""


def forget(person: Person, now: datetime) -> None:
    """Whoever is erased leaves; with the key empty their mail would go to somebody else of the customer."""
    values: dict[str, Any] = {
        "contact": person.contact_id,
        "now": now,
        "why": ERASED,
        "open": [_State.ACTIVE, _State.PARKED],
    }
    with connection.cursor() as cursor:
        cursor.execute(_ERASE, values)
