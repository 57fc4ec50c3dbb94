"""What other rooms tell about records: fields that filters ask, dates that workflows wait for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crm.slots.registry import Registry

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet


# The filter language


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
    unit: str = ""  # of numbers, for sentences: money (reporting currency) | days | blank
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


# Dates that workflows wait for


@dataclass(frozen=True)
class DateField:
    """A date of an account that a workflow can count from, such as a contract's end.

    `sql` is a SELECT without a final semicolon that yields account_id, contact_id (or NULL), contract_id (or NULL), day
    (date), fact (text, unique for the row and the date's meaning) and known_at (when the date became known). A filter
    on day, and one on account_id, must be able to use an index: the same SELECT says later whether a fact still stands.
    """

    label: str
    sql: str


date_fields: Registry[DateField] = Registry("date field")


# What can be done to many rows at once


@dataclass(frozen=True)
class BulkAction:
    """What a list offers for the rows that were chosen.

    `form` (a Django form class, made with `viewer=`) asks what is needed; None asks nothing. `run(ids, data, by, now)`
    changes rows that the viewer may see, in one transaction inside the act that the caller has begun (crm.history), and
    returns how many it changed.
    """

    label: str
    icon: str
    subject: str  # a filter subject: account, contact, task
    run: Callable[[Sequence[int], dict[str, Any], Any, datetime], int]
    form: type[Any] | None = None
    roles: frozenset[str] = frozenset({"admin", "manager", "agent"})
    order: int = 0


bulk_actions: Registry[BulkAction] = Registry("bulk action")


# Rows that belong to an account or a contact


@dataclass(frozen=True)
class OwnedRows:
    """A foreign key to an account or a contact: what becomes of its rows when two are merged, or a person is erased.

    `on_merge` is "move" (to the one that stays), "drop" (the loser's go, as they say nothing more) or a verb
    `(loser ids, keeper id, now) → rows that it moved, as JSON for undo`. `on_erase` is "delete", "keep" (figures stay;
    the row names nobody) or a verb `(contact ids, now)`. `export` gives what a person may read of their rows, as JSON.
    """

    model: str  # app label and name: crm.Task
    field: str  # account | contact, or another name of such a key
    on_merge: str | Callable[..., Any]
    on_erase: str | Callable[..., Any]
    export: Callable[[Sequence[int]], Sequence[dict[str, Any]]] | None = None
    order: int = 0


owned_rows: Registry[OwnedRows] = Registry("owned rows")
