"""Statements that Postgres plans once for each connection: where one runs for every message, planning takes longest."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

_PLACE = re.compile(r"%\((\w+)\)s")

#: Connection of psycopg → names of the statements that it knows. They outlive transactions, those rolled back too.
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class Planned:
    """One statement with `%(name)s` for values. Their types must be plain from where they stand, or written there."""

    def __init__(self, sql: str) -> None:
        # By its text alone: were they counted, two threads could give one name to two statements.
        self.name = f"holdfast_{hashlib.sha256(sql.encode()).hexdigest()[:16]}"
        self._values = list(dict.fromkeys(_PLACE.findall(sql)))
        places = {name: f"${place}" for place, name in enumerate(self._values, 1)}
        self._sql = _PLACE.sub(lambda found: places[found[1]], sql).replace("%%", "%")

    def call(self, cursor: Any) -> str:
        """SQL that runs it, with the same `%(name)s`; makes the statement known to the connection first."""
        known = _known.setdefault(connection.connection, set())
        if self.name not in known:
            cursor.execute(f"PREPARE {self.name} AS {self._sql}")
            known.add(self.name)
        if not self._values:
            return f"EXECUTE {self.name};"
        return f"EXECUTE {self.name} ({', '.join(f'%({name})s' for name in self._values)});"


@cache
def planned(sql: str) -> Planned:
    """The statement, one for each text. Texts must be few: a connection keeps each for as long as it lives."""
    return Planned(sql)
