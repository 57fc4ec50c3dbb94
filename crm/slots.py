"""What a lower room needs from above, it gets from these registries.

A room registers in its `slots.py`, which `crm.apps` and `retention.apps` import when Django starts. crm's own
upper rooms use the registries exactly as retention does; crm never imports retention.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.http import HttpRequest


class AlreadyRegistered(ValueError):
    """Two rooms took the same name in one registry."""


class Registry[T]:
    """Named entries in a stated order; a name can be taken once."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._entries: dict[str, T] = {}

    def register(self, name: str, entry: T) -> T:
        if name in self._entries:
            raise AlreadyRegistered(f"{self.what} {name!r} is registered already")
        self._entries[name] = entry
        return entry

    def get(self, name: str) -> T | None:
        return self._entries.get(name)

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[T]:
        return iter(sorted(self._entries.values(), key=lambda entry: getattr(entry, "order", 0)))

    def names(self) -> list[str]:
        return list(self._entries)

    @contextmanager
    def temporarily(self, name: str, entry: T) -> Iterator[T]:
        """For tests: the entry exists inside the block only."""
        self.register(name, entry)
        try:
            yield entry
        finally:
            del self._entries[name]


# Pages ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MenuEntry:
    """A line of the left rail. `count` runs at most one indexed query and returns None for no badge."""

    label: str
    icon: str  # a lucide name
    url_name: str
    order: int
    count: Callable[[Any], int | None] | None = None
    roles: frozenset[str] = frozenset({"admin", "manager", "agent"})


@dataclass(frozen=True)
class Panel:
    """A part of a page about one subject. `context` runs at most one query; None hides the panel."""

    template: str
    context: Callable[[Any, HttpRequest], dict[str, Any] | None]
    order: int = 0


@dataclass(frozen=True)
class TodayReason:
    """Why a customer needs a human today. `find` returns (account id, one sentence, urgency 0…1, action word)."""

    find: Callable[[Any, datetime, int], Iterable[tuple[int, str, float, str]]]
    order: int = 0


menu: Registry[MenuEntry] = Registry("menu entry")
account_panels: Registry[Panel] = Registry("account panel")  # the aside of the account page
account_tiles: Registry[Panel] = Registry("account tile")  # the row of figures on top of it
today_reasons: Registry[TodayReason] = Registry("reason for Today")


# The filter language ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FilterField:
    """One thing a filter can ask of a subject.

    `expression(argument, now)` gives the Django expression for the value; `argument` is what follows the colon in
    `usage.total:exports`, and None for fields that take none. `kind` decides which operators apply.
    """

    label: str
    kind: str  # text | number | date | datetime | bool | tags | choice
    expression: Callable[[str | None, datetime], Any]
    choices: tuple[tuple[str, str], ...] = ()
    takes_argument: bool = False
    order: int = 0


@dataclass(frozen=True)
class FilterSubject:
    """What can be filtered: a model, the rows a viewer may see, and its fields by name."""

    label: str
    model: type[Model]
    base: Callable[[], QuerySet[Any]]
    list_url: str
    fields: Registry[FilterField] = field(default_factory=lambda: Registry("filter field"))


filter_subjects: Registry[FilterSubject] = Registry("filter subject")


# Dates that workflows wait for ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DateField:
    """A date of an account that a workflow can count from, such as a contract's end.

    `sql` is a SELECT without a final semicolon that yields account_id, contact_id (or NULL), day (date), fact (text,
    unique for the row and the date's meaning) and known_at (when the date became known). A filter on day must be
    able to use an index.
    """

    label: str
    sql: str


date_fields: Registry[DateField] = Registry("date field")


# Import -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ImportKind:
    """A CSV kind: its own columns, and the verb that loads a batch of rows that have been read and checked.

    See crm/imports for the contract of `loader`.
    """

    columns: Mapping[str, Any]
    loader: Any
    order: int = 0


import_kinds: Registry[ImportKind] = Registry("import kind")


# What goes out ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refusal:
    """A guard's no: why, in a sentence for people, with the facts it saw."""

    guard: str
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)


#: Set-based: called with messages inside the sending transaction; returns refusals by message id.
SendGuard = Callable[[Sequence[Any], datetime], Mapping[int, Refusal]]
send_guards: Registry[SendGuard] = Registry("send guard")


@dataclass(frozen=True)
class Explanation:
    """Why a message or a task exists: sentences in order, and where to read on."""

    title: str
    url: str
    lines: Sequence[tuple[str, str]]  # (what, value as people read it)


#: origin → (origin ids → explanation by id). Messages and tasks name their origin.
explainers: Registry[Callable[[Sequence[int]], Mapping[int, Explanation]]] = Registry("explainer")


# Work that falls due ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """A kind of work that falls due. Celery wakes it, `manage.py tick` walks it; both call `run`.

    `run(now)` does one bounded slice of what is due and returns how many rows it moved; 0 means nothing is due.
    `next_due(now)` is the earliest moment after `now` at which `run` will find something, None if it knows of none.
    """

    run: Callable[[datetime], int]
    next_due: Callable[[datetime], datetime | None]
    order: int = 0


work: Registry[Work] = Registry("work")
