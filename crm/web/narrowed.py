"""Figures in SQL of ours over rows that a queryset chooses: these are looked for once, however often they are asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import QuerySet


def fetch_among(rows: QuerySet[Any] | None, sql: str, values: Sequence[Any], place: str) -> list[tuple[Any, ...]]:
    """What a statement finds in which `place` stands behind an id, narrowed to those of `rows`; None: to all.

    Parameters of the statement are by place (%s), as those of a queryset are.
    """
    if rows is None:
        sql = sql.replace(place, "IS NOT NULL")
    else:
        chosen, before = rows.order_by().values("pk").query.sql_with_params()
        sql = sql.replace(place, "IN (SELECT id FROM chosen)")
        sql, values = f"WITH chosen (id) AS MATERIALIZED ({chosen}) {sql}", [*before, *values]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
