"""Queries whose SQL is worked out once in the life of a process.

A page that is asked for all day spends more time in composing the same few statements again than Postgres in answering
them. What changes from call to call are numbers and moments alone:

    _newest = Composed(lambda account: Entry.objects.filter(account_id=account).values_list("id", "text")[:20], int)
    _newest.rows(7)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

#: Stand for the values while the statement is composed, and appear nowhere else.
_NUMBER, _MOMENT = 918_273_645_546_372, datetime(1901, 7, 13, tzinfo=UTC)


def _marks(kinds: Sequence[type]) -> list[Any]:
    return [_NUMBER + n if kind is int else _MOMENT + timedelta(seconds=n) for n, kind in enumerate(kinds)]


@dataclass(frozen=True, slots=True)
class _Statement:
    sql: str
    parameters: Sequence[Any]
    places: Sequence[int | None]  # which value stands at each parameter; None: the parameter is what it is
    converters: dict[int, tuple[Sequence[Any], Any]]


class Composed:
    """`build` makes a `values_list` queryset from values of the `kinds` (int or datetime), always of the same shape."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], *kinds: type) -> None:
        self._build, self._kinds = build, kinds
        self._statement: _Statement | None = None

    def rows(self, *values: int | datetime) -> list[tuple[Any, ...]]:
        """One tuple for each row, as the queryset would have them."""
        statement = self._statement = self._statement or self._compose()
        given = [
            parameter if place is None else _like(parameter, values[place])
            for parameter, place in zip(statement.parameters, statement.places, strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, given)
            found = cursor.fetchall()
        return [_converted(row, statement.converters) for row in found] if statement.converters else found

    def _compose(self) -> _Statement:
        marks = _marks(self._kinds)
        compiler = self._build(*marks).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        places = [marks.index(parameter) if parameter in marks else None for parameter in parameters]
        if set(range(len(marks))) - set(places):
            raise ValueError("A value does not appear in the statement as it was given.")
        chosen = [column[0] for column in compiler.select[: compiler.col_count]]
        return _Statement(sql, parameters, places, compiler.get_converters(chosen))


def _like(parameter: Any, value: Any) -> Any:
    """In the type that Django has chosen for the parameter, by which Postgres takes the right index."""
    return type(parameter)(value) if isinstance(parameter, int) else value


def _converted(row: tuple[Any, ...], converters: dict[int, tuple[Sequence[Any], Any]]) -> tuple[Any, ...]:
    values = list(row)
    for place, (functions, expression) in converters.items():
        for function in functions:
            values[place] = function(values[place], expression, connection)
    return tuple(values)
