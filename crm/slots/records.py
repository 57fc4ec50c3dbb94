"""What other rooms tell about records: fields that filters ask, dates that workflows wait for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from crm.slots.registry import Registry

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet


# The filter language


@dataclass(frozen=True)
class FilterField:
    """One thing a filter can ask of a subject.

    `expression(argument, now)` gives the Django expression for the value; `argument` is what follows the colon in
    `usage.total:exports` or `customer.on:2026-06-01`, and None for fields that take none. `kind` decides which
    operators apply.
    """

    label: str
    kind: str  # text | number | date | datetime | bool | tags | choice | options | segment
    expression: Callable[[str | None, datetime], Any]
    choices: tuple[tuple[str, str], ...] = ()
    takes_argument: bool = False
    argument: str = "name"  # what it takes: a name, a day as ISO 8601, or a stretch: two of them with .. between
    unit: str = ""  # of numbers, for sentences: money (reporting currency) | days | blank
    order: int = 0
    #: What a form may suggest for a text: (value, what it means) of each.
    suggestions: Callable[[], Sequence[tuple[str, str]]] | None = None
    group: str = ""  # under which heading a form offers it; blank: the subject's own
    sort: str = ""  # what lists call their sort by it, if they have one
    retired: bool = False  # filters that were kept go on; nothing offers or shows it any more
    segments_of: str = ""  # of the kind segment: the subject whose segments it asks about
    #: The field for a viewer who may see a row and yet not all that the field reads; there it says nothing.
    narrowed: Callable[[Any], FilterField] | None = None

    def asked_by(self, viewer: Any) -> FilterField:
        """The field as somebody may ask it; without a viewer (workers), of everything."""
        if self.narrowed is None or viewer is None or getattr(viewer, "sees_everything", False):
            return self
        return self.narrowed(viewer)


@dataclass(frozen=True)
class FilterSubject:
    """What can be filtered: a model, the rows a viewer may see, and its fields by name."""

    label: str
    model: type[Model]
    base: Callable[[], QuerySet[Any]]
    list_url: str
    fields: Registry[FilterField] = field(default_factory=lambda: Registry("filter field"))


filter_subjects: Registry[FilterSubject] = Registry("filter subject")


@dataclass(frozen=True)
class CustomSubject:
    """A filter subject for which admins can make fields: its rows have them in a column `custom`.

    That is a `crm.fields.models.CustomValues`; the filter subject's `fields` are a `crm.fields.asking.FieldsOf`.
    """

    label: str  # “Accounts”
    one: str  # inside a sentence: “account”
    order: int = 0


custom_subjects: Registry[CustomSubject] = Registry("subject with fields of one's own")


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
    """What a list offers for the rows that were chosen; registered as `subject.name`.

    `form` (a Django form class, made with `viewer=`) asks what is needed; None asks nothing. `run(ids, data, by, now)`
    changes rows that `by` may see, inside the act that the caller has begun (crm.history), and returns how many it
    changed; for many rows it is called slice by slice. `past(data, rows)` is what was done, behind a name: “assigned
    23 customers to Mira” for rows “23 customers”. What no column tells (rows it makes), it registers with
    `crm.history.undoing.undoers` under “bulk.” and its name.
    """

    label: str
    icon: str
    subject: str  # a filter subject: account, contact, task
    run: Callable[[Sequence[int], dict[str, Any], Any, datetime], int]
    past: Callable[[dict[str, Any], str], str]
    form: type[Any] | None = None
    roles: frozenset[str] = frozenset({"admin", "manager", "agent"})
    right: str = "bulk"  # what the role must be allowed to do: a name in crm.team.rules.MATRIX
    hint: str = ""  # what a person should know before it is done
    order: int = 0
    listed: bool = True  # False: other verbs begin it, and no list offers it


bulk_actions: Registry[BulkAction] = Registry("bulk action")


# Rows that belong to an account or a contact


@dataclass(frozen=True)
class Moving:
    """A verb of a merge that is more than another value in the key, and what takes it back.

    `merge(loser id, keeper id, now)` returns as JSON what `undo` needs. `undo(that, loser id, keeper id)` brings back
    what has not been changed since and returns a sentence for each thing that has. Both run in the merge's transaction.
    """

    merge: Callable[[int, int, datetime], Any]
    undo: Callable[[Any, int, int], Sequence[str]]


@dataclass(frozen=True)
class Person:
    """Somebody who is to be forgotten: their contact, the customers they were at, and the words that name them."""

    #: What stands in their place.
    STAND_IN: ClassVar = "Erased person"

    contact_id: int
    account_ids: tuple[int, ...]
    words: tuple[str, ...]  # names, addresses and numbers, also earlier ones; the longest first
    surnames: tuple[str, ...] = ()  # alone they count only as whole words in this spelling
    former_ids: tuple[int, ...] = ()  # of contacts that were merged into this one


@dataclass(frozen=True)
class Told:
    """How the rows of an export read to the person, each a line under a heading: what it is, when, and what it says.

    Words address the person: “You wrote to us”.
    """

    heading: str
    line: Callable[[Mapping[str, Any]], str]
    at: Callable[[Mapping[str, Any]], datetime | date | None]
    text: Callable[[Mapping[str, Any]], str] = lambda row: ""
    order: int = 0


@dataclass(frozen=True)
class PersonsFile:
    """A file that somebody sent, or was sent: its name, and where its bytes lie under MEDIA_ROOT."""

    name: str
    stored_as: str


@dataclass(frozen=True)
class OwnedRows:
    """A foreign key to an account or a contact: what becomes of its rows when two are merged, or a person is erased.

    `on_merge` is "move" (the key names the one that stays), "drop" (the loser's rows say nothing more) or a `Moving`.
    `on_erase` is "delete", "forget" (the key becomes empty, figures stay), "keep" (of keys to accounts: the row names
    nobody) or a verb `(person, now)` that leaves no row with the key. `export` gives a person's rows as JSON: what they
    may read of them, by contact ids; `told` says them in words, and `files` are what came and went with them.
    """

    model: str  # app label and name: crm.Task
    field: str  # account | contact, or another name of such a key
    label: tuple[str, str]  # one and many, in words: (“task”, “tasks”); blank: not worth telling
    on_merge: str | Moving
    on_erase: str | Callable[[Person, datetime], object]
    export: Callable[[Sequence[int]], Sequence[dict[str, Any]]] | None = None
    order: int = 0
    told: Told | None = None
    files: Callable[[Sequence[int]], Sequence[PersonsFile]] | None = None


owned_rows: Registry[OwnedRows] = Registry("owned rows")


def exported(model: type[Model], field: str, *columns: str) -> Callable[[Sequence[int]], list[dict[str, Any]]]:
    """An `OwnedRows.export`: these columns of the rows whose key `field` names the contacts, the oldest first."""

    def export(ids: Sequence[int]) -> list[dict[str, Any]]:
        rows = model._default_manager.filter(**{f"{field}__in": list(ids)}).order_by("pk")
        return list(rows.values(*columns))

    return export


#: `(person, now)`: texts and copies in which a person is named without a key, made to name nobody.
traces: Registry[Callable[[Person, datetime], object]] = Registry("trace of a person")


# Columns that facts decide

#: Column of an account → why nobody may write it for this account (by id) any more, in a sentence with the remedy;
#: blank: everybody who may edit the account may.
kept_by_facts: Registry[Callable[[int], str]] = Registry("column that facts decide")
