"""What lists show of records: columns that people choose, and the rows that a list's address asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from crm.slots.registry import Registry

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import QueryDict


@dataclass(frozen=True)
class ListColumn:
    """A column that the lists of a subject can show, registered as `subject.name`.

    `cell(value)` is what stands in the table: text, which is escaped, or HTML that is safe; blank shows `blank`. Its
    value is the row as a dict, with `fields` (paths of the model) in it; with `fetch(ids, viewer, now)`, what that gave
    for the row's id: one query for all rows of the page.

    Fields that filters ask need no column of their own: a list shows each by its kind. One of the same name goes first.
    """

    label: str
    cell: Callable[[Any], str]
    fields: tuple[str, ...] = ()
    fetch: Callable[[Sequence[int], Any, datetime], Mapping[int, Any]] | None = None
    align: str = ""  # num, or blank
    sort: str = ""  # what the list calls its sort by it; “-” before it turns it round, where the list has that too
    shown: bool = True  # until somebody chooses
    narrow: bool = False  # on narrow screens too
    blank: str = "–"
    order: int = 0


list_columns: Registry[ListColumn] = Registry("list column")


@dataclass(frozen=True)
class Headed:
    """What the rows that a filter finds are called where they stand behind a figure, and the page of that figure."""

    words: str
    url: str
    page: str


#: By filter subject: the conditions of a filter, all of which hold, and whether something beside it narrows the list →
#: their heading, where somebody knows one.
list_heads: Registry[Callable[[Sequence[Mapping[str, Any]], bool], Headed | None]] = Registry("heading of a list")


class ListOfRows(Protocol):
    """A page that lists a filter subject's rows."""

    def rows(self, asked: QueryDict, viewer: Any, now: datetime) -> QuerySet[Any]:
        """All rows that the list's address asks for and the viewer may see, in no order.

        Raises Http404, and ValueError (a FilterError) for an address that no list of ours has written.
        """

    def address(self, asked: QueryDict) -> str:
        """Where the list shows them."""


#: By the name of the filter subject: what bulk acts and exports do on “all that match”.
lists: Registry[ListOfRows] = Registry("list")
