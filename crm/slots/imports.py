"""What files bring in: kinds of rows, their columns, and the verb that loads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from crm.slots.registry import Registry

if TYPE_CHECKING:
    from django.db.models import Model


@dataclass(frozen=True)
class ImportColumn:
    """A column that a file may bring.

    `kind` says how a cell is read and what type it has in the staging table: text (str), key (str, an id of another
    system), email (lower case), domain, date, moment (timestamptz, UTC without an offset), money (numeric), whole
    (bigint), yes_no (boolean), choice (one of `choices`), zone (a time zone), country and currency (codes in capitals),
    tags (the text of a text[]). A blank cell is NULL and means: keep what is there.
    """

    kind: str = "text"
    required: bool = False  # the file must have the column
    filled: bool = False  # and each row a value in it
    max_length: int = 200
    choices: tuple[str, ...] = ()
    example: str = ""
    hidden: bool = False  # only presets fill it


@dataclass(frozen=True)
class ImportCounts:
    """Rows of the file that made something new, and that changed something. All others count as skipped."""

    created: int = 0
    updated: int = 0


class ImportRows(Protocol):
    """The rows of a file that could be read: the temporary table `import_rows`, which the loader works on in SQL.

    It has the columns of the kind, each of its type, `line` (where the row begins in the file) and `target` (the id of
    the row it is about; NULL: a new one). All happens inside the transaction of the import.
    """

    def run(self, sql: str, **parameters: Any) -> int:
        """Run a statement, with `%(name)s` for parameters and `%(now)s`; returns the number of rows it touched."""

    def ids(self, sql: str, **parameters: Any) -> list[int]:
        """The first column of what a query finds."""

    def link(self, column: str, model: type[Model], field: str, by: str) -> None:
        """Set `column` (made if it is missing) to the id of the model's row whose `field` equals the rows' `by`."""

    def reject(self, condition: str, column: str, reason: str, remedy: str, **parameters: Any) -> int:
        """Take the rows `r` that meet the condition out of the import, with the column to blame, why and what to do.

        Returns how many rows went.
        """

    def fold(self, *columns: str, unless: str = "FALSE") -> int:
        """Make one row of those that share these columns: each cell is the last one that was filled.

        Groups that meet the aggregate condition `unless` stay as they are. Returns how many rows went.
        """

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
    ) -> ImportCounts:
        """Write the rows `r` to a table: update the row named by `target` where it differs, insert where there is none.

        `values` gives an SQL expression over `r` for each database column; NULL keeps what is there, or takes the
        model's default in a new row. `merge` gives other expressions for updates, over `r` and the row `t` as it was.
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
    order: int = 0


import_kinds: Registry[ImportKind] = Registry("import kind")
