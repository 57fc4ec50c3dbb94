"""What files bring in: kinds of rows, their columns, and the verb that loads them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, LiteralString, Protocol

from crm.slots.registry import Registry

if TYPE_CHECKING:
    from django.db.models import Model


#: SQL, the key of an advisory lock: whoever holds it in a transaction is alone with what files write, since all imports
#: take it before they write.
FILES_LOCK: LiteralString = "hashtext('crm.imports')"


@dataclass(frozen=True)
class ImportColumn:
    """A column that a file may bring.

    `kind` says how a cell is read and what type it has in the staging table: text (str), key (str, an id of another
    system), email (lower case), colleague (such an address, or a full name), domain, date, moment (timestamptz, UTC
    without an offset), money (numeric), whole (bigint), yes_no (boolean), choice (one of `choices`), zone (a time
    zone), country and currency (codes in capitals), tags (the text of a text[]), checked and checked_day (the JSON that
    `check` makes of the cell, or of the day that is read from it). A blank cell is NULL and means: keep what is there.
    """

    kind: str = "text"
    required: bool = False  # the file must have the column
    filled: bool = False  # and each row a value in it
    max_length: int = 200
    choices: tuple[str, ...] = ()
    example: str = ""
    hidden: bool = False  # only presets and people's own mappings fill it
    or_else: str = ""  # a column that stands in for it when it is required
    spared_by: str = ""  # … or what whoever imports lets the kind make, which then needs neither
    made_of: str = ""  # a column that files without it may be found again by, if somebody says so
    label: str = ""  # for people; by default its name with blanks
    hint: str = ""  # what a person should know before mapping to it
    names: tuple[str, ...] = ()  # what other files call it, beside its own name and label
    #: Whether a file's author may say that it only fills what is empty, or only new rows. Not for what identifies.
    policies: bool = True
    adds: bool = False  # its values join those that are there, and never replace them
    #: Of the kinds checked and checked_day: a cell as JSON. Raises crm.fields.rules.FieldError.
    check: Callable[[str], str] | None = None

    @property
    def several(self) -> bool:
        """Whether several columns of a file may go here. The first that is filled counts; of yes and no, any yes."""
        return self.policies or self.kind == "yes_no"


@dataclass(frozen=True)
class ImportCounts:
    """Rows of the file that made something new, and that changed something. All others count as skipped."""

    created: int = 0
    updated: int = 0
    homes: int = 0  # rows of another table that were made for them to belong to


@dataclass(frozen=True)
class ImportUndone:
    """What an undo of a kind's own did: rows taken away, rows given back what they held, rows of `table` that stay as
    they are (id, name, reason), and how many more of them nobody names."""

    removed: int
    reverted: int
    table: str
    kept: Sequence[tuple[int, str, str]] = ()
    unnamed: int = 0


class ImportRows(Protocol):
    """The rows of a file that could be read: the temporary table `import_rows`, which the loader works on in SQL.

    It has the columns of the kind, each of its type, `line` (where the row begins in the file) and `target` (the id of
    the row it is about; NULL: a new one). All happens inside the transaction of the import.
    """

    #: What becomes of rows that look like somebody who is there already under another id: create | leave | match.
    twins: str
    #: What else the file may make: names in the kind's `makes`.
    makes: Collection[str]
    #: Whose file it is; None: the command's.
    brought_by: int | None
    #: The number of the import, for what a loader notes of it itself; None: nothing of it stays, it is a preview.
    import_id: int | None

    def run(self, sql: str, **parameters: Any) -> int:
        """Run a statement, with `%(name)s` for parameters and `%(now)s`; returns the number of rows it touched."""

    def ids(self, sql: str, **parameters: Any) -> list[int]:
        """The first column of what a query finds."""

    def batches(self, sql: str, size: int, **parameters: Any) -> Iterator[list[int]]:
        """The first column of what a query finds, so many at a time: as many as the file has rows would fill memory."""

    def all(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""

    def link(self, column: str, model: type[Model], field: str, by: str) -> None:
        """Set `column` (made if it is missing) to the id of the model's row whose `field` equals the rows' `by`."""

    def links(self, **columns: tuple[type[Model], str, str, str]) -> None:
        """As `link` for several new columns in one pass: name=(model, field, by, which of its columns to take)."""

    def reject(self, condition: str, column: str, reason: str, remedy: str, **parameters: Any) -> int:
        """Take the rows `r` that meet the condition out of the import, with the column to blame, why and what to do.

        Words name another of our columns as {ends_on}, which becomes the file's. Returns how many rows went.
        """

    def fold(self, *columns: str, unless: str = "FALSE") -> int:
        """Make one row of those that share these columns: each cell is the last one that was filled.

        Groups that meet the aggregate condition `unless` stay as they are. Returns how many rows went.
        """

    def admit(self, model: type[Model], link: str, column: str) -> None:
        """Reject rows whose `link` leads to a row that whoever imports may not see, blaming `column`."""

    def respect(self, model: type[Model], columns: Mapping[str, str], *, target: str = "target") -> None:
        """Blank the cells that must not replace what is there: `columns` are the file's with the table's they go to.

        Whoever imports has said so for whole columns. Called when `target` is known, before anything else is linked or
        checked: what a blank cell makes right is not refused.
        """

    def alike(self, condition: str, model: type[Model], why: str, **parameters: Any) -> None:
        """Note new rows `r` for which the condition finds a row `t` of the model that may be the same, saying why.

        Each is created all the same, rejected, or becomes about that row, as `twins` says.
        """

    def note(self, role: str, model: type[Model], sql: str, **parameters: Any) -> None:
        """Remember for an undo the ids that the query finds, each once: of rows that a loader has `created` otherwise
        than by `write`, or `touched`: the kind derives something for them, which `settle` works out."""

    def make(self, model: type[Model], sql: str, **parameters: Any) -> None:
        """Run a statement that gives the ids of rows that it has made, which are remembered for an undo."""

    def begin_writing(self) -> None:
        """Say that rows of the record are locked or changed from here on; before it, a loader only reads them.

        Mail waits from here to the commit if the kind brings people, so read, reject and fold before. `write` says it
        too; twice is once.
        """

    def write(
        self,
        model: type[Model],
        values: Mapping[str, str],
        *,
        merge: Mapping[str, str] | None = None,
        target: str = "target",
        where: str = "TRUE",
        parameters: Mapping[str, Any] | None = None,
    ) -> ImportCounts:
        """Write the rows `r` to a table: update the row named by `target` where it differs, insert where there is none.

        `values` gives an SQL expression over `r` for each database column; NULL keeps what is there, or takes the
        model's default in a new row. `merge` gives other expressions for updates, over `r` and the row `t` as it was.
        A value for `id` is the number of a new row.
        `parameters` are those of the expressions.
        """


@dataclass(frozen=True)
class ImportKind:
    """A CSV kind: its columns, and the verb that loads the rows of one file.

    `loader(rows, now)` runs in the one transaction of the file, alone among all imports; a dry run rolls it back. It
    links rows to what is there (`target`), rejects rows that cannot be loaded, writes the others, and returns counts of
    rows. It must hold when other transactions write the same tables, so it locks rows in the order of their ids, and
    must fire nothing of the past: `record(react=False)`.
    """

    columns: Mapping[str, ImportColumn]
    loader: Callable[[ImportRows, datetime], ImportCounts]
    identity: tuple[str, ...] = ()  # rows of one file that share these filled columns are folded into the last
    one_of: tuple[str, ...] = ()  # the file must have one of these columns, and each row a value in one
    #: Its rows are contacts, with columns email and opted_out: after the first of them mail is held until somebody goes
    #: live, and who opted out elsewhere gets no mail.
    brings_people: bool = False
    label: str = ""  # in titles: Accounts
    hint: str = ""  # what one row is, in a few words
    #: The tables whose rows it writes, the one that others hang on first: app label and name. Rows that it made go in
    #: an undo, and the history of the others gives back what they held.
    tables: tuple[str, ...] = ()
    #: The same of rows that it makes on the way, such as categories: in an undo they go if nothing uses them, unsaid.
    besides: tuple[str, ...] = ()
    #: The tables of rows that it makes for its own to belong to, if whoever imports says so: by `makes`, a name with
    #: what it means in words. They go last in an undo.
    homes: tuple[str, ...] = ()
    makes: Mapping[str, str] = field(default_factory=dict)
    #: Takes back what it wrote into tables without a history: (number of the import, now), inside the transaction that
    #: undoes it and alone among all imports.
    undo: Callable[[int, datetime], ImportUndone] | None = None
    #: (ids that the loader has noted as touched, now): what is derived for them is worked out again after an undo.
    settle: Callable[[Sequence[int], datetime], object] | None = None
    order: int = 0

    @property
    def undoable(self) -> bool:
        return bool(self.tables or self.undo)


import_kinds: Registry[ImportKind] = Registry("import kind")


#: Tables (app label and name) whose rows hang on what an import has made without being a reason to keep it: machinery
#: that began by itself and has done nothing yet. An undo takes them along.
undone_along: Registry[str] = Registry("table that an undo takes along")
