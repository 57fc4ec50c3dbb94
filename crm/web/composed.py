"""Queries whose SQL is worked out once in the life of a process.

A page that is asked for all day spends more time in composing the same few statements again than Postgres in answering
them. What changes from call to call are numbers and moments alone, and who looks:

    _newest = Composed(lambda account: Entry.objects.filter(account_id=account).values_list("id", "text")[:20], int)
    _newest.rows(7)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

#: Stand for the values while the statement is composed, and appear nowhere else.
_NUMBER, _MOMENT = 918_273_645_546_372, datetime(1901, 7, 13, tzinfo=UTC)


class Folding(Protocol):
    """A kind of value that is some numbers, and a shape on which the statement hangs."""

    def shape(self, value: Any) -> Hashable: ...

    def numbers(self, value: Any) -> Sequence[int]:
        """As many as the shape says."""

    def standing_in(self, shape: Any, numbers: Sequence[int]) -> Any:
        """A value of this shape and these numbers."""


class _Numbers:
    """Several numbers, such as ids that rows are among; at least one. The last one stands there again until they are
    1, 2, 4, 8 … many, so that there are few statements."""

    def shape(self, value: Sequence[int]) -> int:
        return int(1 << (len(value) - 1).bit_length())

    def numbers(self, value: Sequence[int]) -> Sequence[int]:
        return [*value, *[value[-1]] * (self.shape(value) - len(value))]

    def standing_in(self, shape: int, numbers: Sequence[int]) -> Sequence[int]:
        return numbers


NUMBERS = _Numbers()

type Kind = type[int] | type[datetime] | Folding


class Asked(NamedTuple):
    """A statement with its values."""

    sql: str
    parameters: Sequence[Any]


@dataclass(frozen=True, slots=True)
class _Statement:
    sql: str
    parameters: Sequence[Any]
    places: Sequence[int | None]  # which value stands at each parameter; None: the parameter is what it is
    converters: dict[int, tuple[Sequence[Any], Any]]

    def with_values(self, values: Sequence[Any]) -> list[Any]:
        return [
            parameter if place is None else _like(parameter, values[place])
            for parameter, place in zip(self.parameters, self.places, strict=True)
        ]


#: Of who may see nothing at all.
_NOTHING = _Statement("SELECT WHERE FALSE", [], [], {})


class Composed:
    """`build` makes a `values_list` queryset from values of the `kinds`: int, datetime or a Folding. It asks nothing of
    a value but what that kind keeps, and for values of one shape its statement is always the same."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], *kinds: Kind) -> None:
        self._build, self._kinds = build, kinds
        self._statements: dict[tuple[Hashable, ...], _Statement] = {}

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """One tuple for each row, as the queryset would have them."""
        statement, given = self._statement(values)
        with connection.cursor() as cursor:
            cursor.execute(statement.sql, statement.with_values(given))
            found = cursor.fetchall()
        return [_converted(row, statement.converters) for row in found] if statement.converters else found

    def asked(self, *values: Any) -> Asked:
        """For a statement around it, which takes the columns as the database has them."""
        statement, given = self._statement(values)
        return Asked(statement.sql, statement.with_values(given))

    def _statement(self, values: Sequence[Any]) -> tuple[_Statement, list[Any]]:
        """The one for values of these shapes, and what they are, flat."""
        shapes: list[Hashable] = []
        given: list[Any] = []
        for kind, value in zip(self._kinds, values, strict=True):
            if isinstance(kind, type):
                given.append(value)
            else:
                shapes.append(kind.shape(value))
                given += kind.numbers(value)
        key = (len(given), *shapes)
        if (found := self._statements.get(key)) is None:
            found = self._statements[key] = self._compose(values)
        return found, given

    def _compose(self, values: Sequence[Any]) -> _Statement:
        marks: list[Any] = []
        needed: set[int] = set()
        standing_in = []
        for kind, value in zip(self._kinds, values, strict=True):
            at = len(marks)
            if isinstance(kind, type):
                needed.add(at)
                marks.append(_NUMBER + at if kind is int else _MOMENT + timedelta(seconds=at))
                standing_in.append(marks[at])
            else:
                marks += [_NUMBER + at + n for n in range(len(kind.numbers(value)))]
                standing_in.append(kind.standing_in(kind.shape(value), marks[at:]))
        compiler = self._build(*standing_in).query.get_compiler(connection=connection)
        try:
            sql, parameters = compiler.as_sql()
        except EmptyResultSet:
            return _NOTHING
        places = [marks.index(parameter) if parameter in marks else None for parameter in parameters]
        if needed - set(places):
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
