"""Which rows a bulk action is about: ids, or all that the list's own address asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from crm.slots import filter_subjects, lists
from crm.team.models import User

#: Names of chosen rows that a page says.
NAMED = 5
#: More ids are not sent by a page of ours: whoever wants more takes all that match.
MOST_IDS = 5_000
_LONGEST_ID = 18


@dataclass(frozen=True)
class Chosen:
    """Rows behind the gate: `asked` for counts also those that the viewer may not see or that are gone."""

    rows: QuerySet[Any]
    asked: int | None  # ids; None: all that match
    sent: list[tuple[str, str]]  # as the next form sends it

    @cached_property
    def count(self) -> int:
        return self.rows.order_by().count()

    @property
    def left_out(self) -> int:
        return 0 if self.asked is None else self.asked - self.count

    def ids(self) -> list[int]:
        return list(self.rows.order_by("pk").values_list("pk", flat=True))

    def names(self) -> list[str]:
        """Of the first ones."""
        return [str(row) for row in self.rows.order_by("pk")[:NAMED]]


def chosen_by(sent: QueryDict, subject: str, viewer: User, now: datetime) -> Chosen:
    """From what a list has sent: `all` with the list's parameters in `asked`, else `ids`, also between commas.

    Raises ValueError for ids and addresses that no page of ours has written, and Http404 as lists do.
    """
    if sent.get("all"):
        asked = sent.get("asked", "")
        rows = lists[subject].rows(QueryDict(asked), viewer, now)
        return Chosen(rows.order_by(), None, [("all", "1"), ("asked", asked)])
    ids = {_number(one) for part in sent.getlist("ids") for one in part.split(",") if one.strip()}
    if len(ids) > MOST_IDS:
        raise ValueError(f"At most {MOST_IDS:,} rows can be chosen one by one; take all that match instead.")
    model = filter_subjects[subject].model
    rows = model._default_manager.visible_to(viewer).filter(pk__in=ids)  # type: ignore[attr-defined]
    return Chosen(rows, len(ids), [("ids", ",".join(map(str, sorted(ids))))])


def _number(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID):
        raise ValueError("The rows that were chosen cannot be read. Choose them again.")
    return int(text)
