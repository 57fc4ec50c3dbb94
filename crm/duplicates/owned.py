"""What people said about pairs, when one of the two becomes part of another record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from crm.duplicates.merging.rows import ask, put, take
from crm.duplicates.models import PAIRS, RECORDS
from crm.slots import Moving, OwnedRows, owned_rows

# Who is not the loser is not the keeper either: nobody is asked again.
_INHERIT = """
    INSERT INTO {table} (first_id, second_id, strength, signs, found_at, apart_at, apart_by_id)
    SELECT least(%(keeper)s, other), greatest(%(keeper)s, other), strength, signs, found_at, apart_at, apart_by_id
    FROM jsonb_populate_recordset(NULL::{table}, %(gone)s) t,
        LATERAL (SELECT CASE WHEN t.first_id = %(loser)s THEN t.second_id ELSE t.first_id END AS other)
    WHERE apart_at IS NOT NULL AND other <> %(keeper)s
    ON CONFLICT (first_id, second_id) DO UPDATE SET apart_at = EXCLUDED.apart_at, apart_by_id = EXCLUDED.apart_by_id
    WHERE {table}.apart_at IS NULL
    RETURNING id, xmax <> 0
"""


def _moving(subject: str) -> Moving:
    model = PAIRS[subject]
    table = model._meta.db_table

    def settle(loser: int, keeper: int, now: datetime) -> dict[str, Any]:
        gone = take(table, "%(pk)s IN (t.first_id, t.second_id)", pk=loser)
        if not gone:
            return {}
        kept = ask(_INHERIT.format(table=table), loser=loser, keeper=keeper, gone=Jsonb(gone))
        return {"gone": gone, "new": [pk for pk, was in kept if not was], "apart": [pk for pk, was in kept if was]}

    def unsettle(done: dict[str, Any], loser: int, keeper: int) -> list[str]:
        model.objects.filter(pk__in=done["new"]).delete()
        model.objects.filter(pk__in=done["apart"]).update(apart_at=None, apart_by=None)
        both = {pair[side] for pair in done["gone"] for side in ("first_id", "second_id")}
        there = set(RECORDS[subject].objects.filter(pk__in=both).values_list("pk", flat=True))
        put(model, [pair for pair in done["gone"] if {pair["first_id"], pair["second_id"]} <= there])
        return []

    return Moving(settle, unsettle)


def register_owned_rows() -> None:
    """What the room's slots give to merges and erasures. The verb of the first side deals with both."""
    for subject, model in PAIRS.items():
        name = model._meta.label
        owned_rows.register(
            f"{subject}_pairs", OwnedRows(name, "first", ("", ""), _moving(subject), "delete", order=10)
        )
        owned_rows.register(f"{subject}_pairs_second", OwnedRows(name, "second", ("", ""), "drop", "delete", order=11))
