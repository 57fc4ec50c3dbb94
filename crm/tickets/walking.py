"""From one ticket of a queue to the next: a ticket's address says in `from` which list it was opened from, and where.

That is the list's own address, whose `cursor` is the ticket's place: the page of the list that begins behind it. So the
walk goes on where it was, whatever has become of the ticket since.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.http import Http404, QueryDict

from crm.segments.filters import FilterError
from crm.segments.listing import Order
from crm.slots import lists
from crm.team.models import User
from crm.web.addresses import address
from crm.web.pagination import BadCursor, cursor_at, keyset_page, row_before

#: Longer addresses are none of ours.
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Around:
    """Addresses of the tickets before and behind, blank at the ends, and of the list."""

    previous: str
    next: str
    back: str


def suffixes(asked: QueryDict, order: Order) -> Callable[[dict[str, Any]], str]:
    """What goes behind the address of each ticket in a list that shows this, in this order."""
    kept = [(name, value) for name, value in asked.items() if name not in ("cursor", "cols")]
    whence = f"?from={quote(urlencode([*kept, ('cursor', '')]), safe='')}"
    return lambda row: f"{whence}{cursor_at(row[order.sort.expression], row['id'])}"  # which has no letter to quote


def around(whence: str, viewer: User, now: datetime) -> Around | None:
    """What lies beside a ticket that was opened from there; None if that is no address of the queue."""
    queue: Any = lists["ticket"]
    if not whence or len(whence) > _LONGEST or "\0" in whence:
        return None
    asked = QueryDict(whence, mutable=True)
    cursor = str(asked.pop("cursor", [""])[-1])
    try:
        order: Order = queue.orders[asked.get("sort") or queue.order]
        rows = queue.rows(asked, viewer, now)
        if order.key is not None:
            rows = rows.annotate(**{order.sort.expression: order.key})
        rows = rows.values("id", order.sort.expression)
        behind = keyset_page(rows, order.sort, cursor, 1).rows
        before = row_before(rows, order.sort, cursor)
    except (KeyError, FilterError, BadCursor, Http404):
        return None

    suffix = suffixes(asked, order)

    def to(row: dict[str, Any] | None) -> str:
        return f"{address('tickets:detail', row['id'])}{suffix(row)}" if row else ""

    return Around(to(before), to(behind[0] if behind else None), queue.address(asked))
