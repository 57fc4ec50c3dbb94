"""What a room says about its list: where rows come from, how they sort and narrow, what their first cell shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse

from crm.segments import filterbar
from crm.segments.filters import Filter, FilterError, parse
from crm.slots import filter_subjects
from crm.team.models import User
from crm.web.addresses import address
from crm.web.pagination import Sort

#: Parameters of every list besides the narrowings of its own: search, filter, sort, columns.
COMMON = ("q", "f", "sort", "cols")
#: Instead of a view's number: the list without any, also for those who see another view first.
WHOLE = "all"
#: In an address beside a view: all that is asked stands in the address, none of it in what was kept.
EDITED = "edited"


@dataclass(frozen=True)
class Order:
    """A way to sort, under its label. Each is one range of one index.

    `key` is what the sort's expression stands for, where the list's own rows do not have it.
    """

    label: str
    sort: Sort
    key: Any = None


@dataclass(frozen=True)
class Quick:
    """A narrowing with a menu of its own on the bar.

    `narrow(rows, value, viewer)` raises Http404 for a value that it does not know. `options` (value, label) stand in
    the menu at once; `more` gives others when somebody opens it; with `typed` people write the value, under that label.
    `leaf(value, viewer)` asks the same in the filter language, so that it can become part of a segment.
    """

    label: str
    narrow: Callable[[QuerySet[Any], str, User], QuerySet[Any]]
    options: tuple[tuple[str, str], ...] = ()
    more: Callable[[User], Sequence[tuple[str, str]]] | None = None
    typed: str = ""
    leaf: Callable[[str, User], dict[str, Any]] | None = None

    def said(self, value: str, viewer: User) -> str:
        """What the bar says of a value."""
        if self.typed:
            return value
        known = dict(self.options).get(value)
        return known or (dict(self.more(viewer)).get(value, "somebody who has left") if self.more else "")


@dataclass(frozen=True)
class Ready:
    """A view that comes along with a list, before those that people save: `asks` are its parameters, `nothing` says
    what would stand in it while nothing does."""

    label: str
    asks: Mapping[str, str]
    nothing: str = ""


@dataclass(frozen=True)
class Listing:
    """`base(viewer)` gives the rows that a viewer may see, with the annotations that sorts name.

    `title(row)` is the inside of the first cell, from the row as a dict with `fields` in it.
    `search(rows, text, viewer)` keeps those that hold the text; `alike(rows, text)` those that resemble it, the best
    first.
    """

    subject: str
    one: str
    many: str
    base: Callable[[User], QuerySet[Any]]
    fields: tuple[str, ...]
    title: Callable[[dict[str, Any]], str]
    heading: str
    orders: Mapping[str, Order]
    order: str
    search: Callable[[Any, str, User], QuerySet[Any]]
    alike: Callable[[Any, str], QuerySet[Any]]
    search_hint: str
    #: How many rows there are, about; never counts.
    about: Callable[[], int]
    new: str  # the URL name of the form for another one
    nothing: str  # the template of an empty installation
    quick: Mapping[str, Quick] = field(default_factory=dict)
    #: By their names in addresses, which are no numbers. `first` is the one that the list opens with, if it does.
    ready: Mapping[str, Ready] = field(default_factory=dict)
    first: str = ""
    segments: bool = True  # its rows can be in segments
    placing: tuple[str, ...] = ()  # parameters by which `address` leads to other pages that are narrowed as it is

    @property
    def url(self) -> str:
        return reverse(filter_subjects[self.subject].list_url)

    @property
    def narrowing(self) -> tuple[str, ...]:
        """Parameters that leave fewer rows. `in` is the segment on whose page the list stands."""
        return ("q", *self.quick, "f", "in")

    @property
    def parameters(self) -> tuple[str, ...]:
        """All that a view keeps."""
        return (*COMMON, *self.quick)

    def address(self, asked: QueryDict) -> str:
        """The list, or the page of the segment it stands on."""
        url, within = self.url, asked.get("in", "")
        if within.isascii() and within.isdecimal() and len(within) <= 18:
            url, asked = address("segments:detail", int(within)), asked.copy()
            del asked["in"]
        return f"{url}?{asked.urlencode()}" if asked else url

    def filter(self, asked: QueryDict, viewer: User) -> Filter:
        """Raises FilterError."""
        return filterbar.read(asked.get("f", ""), self.subject, viewer)

    def tree(self, asked: QueryDict, viewer: User) -> dict[str, Any]:
        """All that narrows but the search, as one filter. Raises FilterError."""
        parts = filterbar.parts_of(self.filter(asked, viewer).tree)
        chosen = [(quick, asked.get(name, "").strip()) for name, quick in self.quick.items()]
        leaves = [quick.leaf(value, viewer) for quick, value in chosen if value and quick.leaf]
        return {"all": [*leaves, *parts]} if leaves or parts else {}

    def line(self, asked: QueryDict, order: Order) -> Callable[[dict[str, Any]], str]:
        """What writes the first cell of rows that the address shows in this order."""
        return self.title

    def searched_for(self, asked: QueryDict) -> str:
        return asked.get("q", "").strip().replace("\0", "")

    def rows(self, asked: QueryDict, viewer: User, now: datetime) -> QuerySet[Any]:
        """See crm.slots.ListOfRows."""
        rows = self.narrowed(asked, viewer, now)
        text = self.searched_for(asked)
        return self.search(rows, text, viewer) if text else rows

    def narrowed(self, asked: QueryDict, viewer: User, now: datetime) -> QuerySet[Any]:
        """All but what the search leaves out."""
        if asked.get("view", WHOLE) != WHOLE and EDITED not in asked:
            raise FilterError("", "the address names a view without saying what it asks")
        rows = self.base(viewer)
        for name, quick in self.quick.items():
            if value := asked.get(name, "").strip().replace("\0", ""):
                rows = quick.narrow(rows, value, viewer)
        if within := asked.get("in", ""):
            rows = parse(_place_in(within), self.subject, viewer).apply(rows, now)
        return self.filter(asked, viewer).apply(rows, now)


def _place_in(text: str) -> dict[str, Any]:
    """The filter of a segment's page. What is no number, parsing refuses."""
    return {"field": "segment", "op": "is_in", "value": text}
