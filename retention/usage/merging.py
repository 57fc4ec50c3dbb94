"""Usage when two records become one: days that both have are added up, all others change hands. And when one goes."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from crm.slots import Moving, Person

# `key` is the column that changes; the columns that make a day's count one are the others and it. Days that the keeper
# has too go into its count; the loser's row is taken away and remembered.
_ADD = """
    WITH theirs AS (
        SELECT l.id, k.id AS into_id, k.count AS before, k.last_at AS seen, k.file, to_jsonb(l) AS gone, l.count,
            l.last_at
        FROM retention_usageday l JOIN retention_usageday k ON k.{key} = %(keeper)s AND k.feature = l.feature
            AND k.day = l.day AND k.{other} IS NOT DISTINCT FROM l.{other}
        WHERE l.{key} = %(loser)s ORDER BY k.id FOR UPDATE OF k, l
    ), added AS (
        UPDATE retention_usageday k SET count = least(k.count::bigint + theirs.count, 2147483647), file = NULL,
            last_at = greatest(k.last_at, theirs.last_at) FROM theirs
        WHERE k.id = theirs.into_id RETURNING k.id, k.count
    ), taken AS (DELETE FROM retention_usageday u USING theirs WHERE u.id = theirs.id)
    SELECT jsonb_build_object(
        'into', theirs.into_id, 'before', theirs.before, 'last_at', theirs.seen, 'file', theirs.file,
        'after', added.count, 'gone', theirs.gone)
    FROM theirs JOIN added ON added.id = theirs.into_id
"""
_MOVE = """
    WITH locked AS MATERIALIZED (SELECT id FROM retention_usageday WHERE {key} = %(loser)s ORDER BY id FOR UPDATE)
    UPDATE retention_usageday u SET {key} = %(keeper)s FROM locked WHERE u.id = locked.id RETURNING u.id
"""
_BACK = """
    UPDATE retention_usageday SET {key} = %(loser)s WHERE id = ANY(%(moved)s) AND {key} = %(keeper)s
"""
_TAKE_OUT = """
    UPDATE retention_usageday SET count = %(before)s, last_at = %(last_at)s, file = %(file)s
    WHERE id = %(into)s AND count = %(after)s RETURNING id
"""
_COLUMNS = "id, account_id, contact_id, feature, day, count, last_at, file"
_RETURN = f"""
    INSERT INTO retention_usageday ({_COLUMNS})
    SELECT {_COLUMNS} FROM jsonb_populate_record(NULL::retention_usageday, %(gone)s) ON CONFLICT DO NOTHING
"""  # noqa: S608  (columns of ours)


def moving(key: str) -> Moving:
    """The verb for one of the two keys, account or contact."""
    columns = {"key": f"{key}_id", "other": {"account": "contact_id", "contact": "account_id"}[key]}

    def move(loser: int, keeper: int, now: datetime) -> dict[str, Any]:
        values = {"loser": loser, "keeper": keeper}
        with connection.cursor() as cursor:
            cursor.execute(_ADD.format(**columns), values)
            added = [json.loads(row[0]) for row in cursor.fetchall()]
            cursor.execute(_MOVE.format(**columns), values)
            moved = sorted(row[0] for row in cursor.fetchall())
        return {"added": added, "moved": moved} if added or moved else {}

    def move_back(done: dict[str, Any], loser: int, keeper: int) -> list[str]:
        """A count that was written since stays; the loser's days come back with what they had."""
        stays = 0
        with connection.cursor() as cursor:
            cursor.execute(_BACK.format(**columns), {"loser": loser, "keeper": keeper, "moved": done["moved"]})
            for one in done["added"]:
                cursor.execute(_TAKE_OUT, {"last_at": None, "file": None} | one)  # older merges know neither
                stays += cursor.fetchone() is None
                gone: dict[str, Any] = {"gone": Jsonb(one["gone"])}
                cursor.execute(_RETURN, gone)
        days = "day" if stays == 1 else "days"
        return [f"{stays} {days} of usage counted more since, and stay as they are"] if stays else []

    return Moving(move, move_back)


_FOLD = """
    WITH theirs AS (
        DELETE FROM retention_usageday WHERE contact_id = %(contact)s
        RETURNING account_id, feature, day, count, last_at)
    INSERT INTO retention_usageday AS u (account_id, contact_id, feature, day, count, last_at)
    SELECT account_id, NULL, feature, day, sum(count), max(last_at) FROM theirs GROUP BY account_id, feature, day
    ON CONFLICT (account_id, feature, day, contact_id) DO UPDATE SET count = u.count + EXCLUDED.count,
        last_at = greatest(u.last_at, EXCLUDED.last_at), file = NULL
"""


def forget(person: Person, now: datetime) -> None:
    """What somebody used stays as use by their customer."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, {"contact": person.contact_id})
