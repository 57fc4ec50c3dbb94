"""How the tries stand, for the engine room: those whose time has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from crm.slots import LATE

_LOAD = """
    SELECT 'tries' AS grp, 'Try failed payments again' AS label, count(*) AS due,
        count(*) FILTER (WHERE next_at <= %s) AS late, 0::bigint AS held, 0::bigint AS parked,
        0::bigint AS uncertain, 0::bigint AS failed, min(next_at) AS oldest_due, '' AS because
    FROM (SELECT next_at FROM retention_dunningcase
        WHERE state = 'open' AND next_at <= %s AND stopped_at IS NULL LIMIT 10001) AS waiting
"""


def select(now: datetime) -> tuple[str, Sequence[Any]]:
    return _LOAD, [now - LATE, now]


def address(group: str, figure: str) -> str:
    return reverse("dunning:list")
