"""What happens right now: the newest facts, and after that only what has come in since, in whatever order it commits.

Ids are given when a fact is written and seen when it is committed, so a smaller one can come in after a larger one.
A page therefore also remembers a horizon: the oldest transaction that was still open when it last asked. Whatever that
one or a younger one wrote may have been invisible then and is asked for again; `shown` are those of it that were not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, BooleanField, F, Q, QuerySet, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Greatest, Least

from crm.team.models import User
from crm.team.viewer import SIGHT
from crm.timeline.models import TimelineEntry
from crm.web.addresses import address
from crm.web.composed import Composed

#: So many facts stand on the page and come in at once; and so many when somebody asks for more.
SIZE, MORE = 8, 24
#: How far back the page looks: it must not search the whole timeline for somebody who may see little of it.
_RECENT = 5_000
#: How far back a question looks for facts that were written before others and committed after them.
_LATE = 1_000
#: More than this are not remembered as shown: then one open transaction has kept the horizon back for very long.
_MOST_SHOWN = 120

# A row's transaction is known by 32 bits, so numbers are compared as they stand on a circle.
_SINCE = "((crm_timelineentry.xmin::text::bigint - {}) & 4294967295) < 2147483648"
_HORIZON = "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint & 4294967295)"


@dataclass(frozen=True)
class Mark:
    """Up to where a page has seen the timeline. In an address: `after-horizon` and, behind it, the ids shown."""

    after: int
    horizon: int
    shown: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Mark | None:
        """None for anything that we did not write."""
        parts = text.split("-")
        if not 2 <= len(parts) <= _MOST_SHOWN + 2 or not all(
            p.isascii() and p.isdecimal() and len(p) < 19 for p in parts
        ):
            return None
        after, horizon, *shown = map(int, parts)
        return cls(after, horizon, tuple(shown)) if horizon < 2**32 else None

    def __str__(self) -> str:
        return "-".join(map(str, (self.after, self.horizon, *self.shown)))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def newest(viewer: User, size: int = SIZE) -> tuple[list[dict[str, Any]], Mark]:
    """What the page begins with, and the mark from which it goes on."""
    return _told([dict(zip(_ROW, row, strict=True)) for row in _newest[size].rows(viewer)], Mark(0, 0), size)


def since(viewer: User, mark: Mark) -> tuple[list[dict[str, Any]], Mark]:
    """What has come in, and the next mark; the same one when nothing has."""
    late = RawSQL(_SINCE.format("%s"), [mark.horizon], BooleanField())  # noqa: S611  (SQL of ours)
    oldest = Greatest(F("newest") - _RECENT, Least(Value(mark.after), F("newest") - _LATE))
    rows = _rows(viewer, Q(id__gt=mark.after) | Q(late), oldest, SIZE + len(mark.shown))
    return _told([dict(zip(_ROW, row, strict=True)) for row in rows], mark, SIZE)


def _told(rows: list[dict[str, Any]], mark: Mark, size: int) -> tuple[list[dict[str, Any]], Mark]:
    """What of them is new, the latest first, and the next mark."""
    new = [row for row in rows if row["id"] not in mark.shown][:size]
    if not new:
        return [], mark
    for row in new:
        row["url"], row["by"] = address("accounts:detail", row["account_id"]), row["by"] or row["by_email"]
    may_come_again = tuple(row["id"] for row in rows if row["again"])[:_MOST_SHOWN]
    in_order = sorted(new, key=lambda row: (row["occurred_at"], row["id"]), reverse=True)
    return in_order, Mark(max(rows[0]["newest"], mark.after), rows[0]["horizon"], may_come_again)


_OWN = ("id", "source", "occurred_at", "text", "kind", "account_id", "newest")
_ROW = (*_OWN, "customer", "by", "by_email", "horizon", "again")


def _rows(viewer: User, come: Q, oldest: Any, limit: int) -> QuerySet[Any, Any]:
    """In one statement, which sees the rows and the horizon at the same moment."""
    last = TimelineEntry.objects.order_by("-id").values("id")[:1]
    recent = TimelineEntry.objects.visible_to(viewer).annotate(newest=Subquery(last)).filter(come, id__gt=oldest)
    others = {
        "customer": F("account__name"), "by": F("actor__name"), "by_email": F("actor__email"),
        "horizon": RawSQL(_HORIZON, [], BigIntegerField()),  # noqa: S611  (SQL of ours)
        "again": RawSQL(_SINCE.format(_HORIZON), [], BooleanField()),  # noqa: S611  (SQL of ours)
    }  # fmt: skip
    shown = recent.exclude(source=TimelineEntry.Source.IMPORT).annotate(**others).order_by("-id")
    return shown.values_list(*_ROW)[:limit]


_newest = {
    size: Composed(lambda viewer, size=size: _rows(viewer, Q(), F("newest") - _RECENT, size), SIGHT)
    for size in (SIZE, MORE)
}
