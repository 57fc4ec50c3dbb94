"""Where the limits of signing in are counted: a table that nobody can fill until it forgets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.cache.backends.db import DatabaseCache


class LimitsCache(DatabaseCache):
    """Only what has expired goes, from MAX_ENTRIES on.

    Django's own would throw out counters that still hold, and whoever tries passwords from many addresses would lose
    his own among them. How large it grows is for the limits to say: each of them lets few tries in, and for minutes.
    """

    _table: str

    def _cull(self, db: str, cursor: Any, now: datetime, num: int) -> None:
        cursor.execute(f"DELETE FROM {self._table} WHERE expires < %s", [now])  # noqa: S608  (of the settings)
