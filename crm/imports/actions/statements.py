"""SQL over the rows of a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import connection


class Statements:
    """In one transaction, each with the moment of the import and the values of what is written now."""

    def __init__(self, cursor: Any, now: datetime) -> None:
        self.cursor, self.now = cursor, now
        self.parameters: dict[str, Any] = {}  # of the expressions that are written now

    def run(self, sql: str, **parameters: Any) -> int:
        self.cursor.execute(sql, self.parameters | parameters | {"now": self.now})
        return int(self.cursor.rowcount)

    def all(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        self.run(sql, **parameters)
        return list(self.cursor.fetchall())

    def ids(self, sql: str, **parameters: Any) -> list[int]:
        return [row[0] for row in self.all(sql, **parameters)]

    def batches(self, sql: str, size: int, **parameters: Any) -> Iterator[list[int]]:
        with connection.chunked_cursor() as cursor:  # the server keeps what is not asked for yet
            cursor.execute(sql, self.parameters | parameters | {"now": self.now})
            while found := cursor.fetchmany(size):
                yield [row[0] for row in found]
