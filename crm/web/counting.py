"""How many rows there are, counted no further than somebody wants to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

#: Rows, or a statement with its values that finds them.
type Rows = QuerySet[Any] | tuple[str, Sequence[Any]]


def how_many(rows: Sequence[Rows], most: int) -> Sequence[int]:
    """Of each the number of its rows, or `most` if there are more: one question however many there are."""
    if not rows:
        return []
    asked = [found if isinstance(found, tuple) else _statement(found) for found in rows]
    parts = [
        f"(SELECT count(*) FROM (SELECT FROM ({sql}) AS each_one LIMIT {most:d}) AS counted)"  # noqa: S608  (composed by Django)
        for sql, _ in asked
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", [value for _, values in asked for value in values])
        numbers: Sequence[int] = cursor.fetchone()
    return numbers


def counted(counts: Sequence[int | Rows | None], most: int) -> list[int | None]:
    """Each as a number, or None as it was: whatever is rows is counted, all of it in one question."""
    numbers = iter(how_many([one for one in counts if one is not None and not isinstance(one, int)], most))
    return [one if one is None or isinstance(one, int) else next(numbers) for one in counts]


def share(part: int, of: int) -> int:
    """In whole per cent, halves upwards; of nothing 0."""
    return (200 * part + of) // (2 * of) if of else 0


def _statement(rows: QuerySet[Any]) -> tuple[str, Sequence[Any]]:
    try:
        return rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return "SELECT WHERE FALSE", ()
