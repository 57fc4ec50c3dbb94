"""What a lower room needs from above, it gets from these registries.

A room registers in its `slots.py`, which `crm.apps` and `retention.apps` import when Django starts. crm's own
upper rooms use the registries exactly as retention does; crm never imports retention.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

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
        return iter([entry for _, entry in self.items()])

    def items(self) -> list[tuple[str, T]]:
        """Names with their entries, in the stated order."""
        return sorted(self._entries.items(), key=lambda item: getattr(item[1], "order", 0))

    def names(self) -> list[str]:
        """As they were registered."""
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
    """A line of the left rail. `count` gives its badge: a number, None for none, or rows.

    Rows are counted together with those of other entries, in one query: an index has to find them.
    """

    label: str
    icon: str  # a lucide name
    url_name: str
    order: int
    count: Callable[[Any], int | QuerySet[Any] | None] | None = None
    roles: frozenset[str] = frozenset({"admin", "manager", "agent"})


@dataclass(frozen=True)
class Panel:
    """A part of a page about one subject. `context` runs at most one query; None hides the panel.

    The template finds what `context` gave beside what the page has: `request`, and the subject as `account`.
    """

    template: str
    context: Callable[[Any, HttpRequest], dict[str, Any] | None]
    order: int = 0


@dataclass(frozen=True)
class TodayReason:
    """Why a customer needs a human today. `find` returns (account id, one sentence, urgency 0…1, action word)."""

    find: Callable[[Any, datetime, int], Iterable[tuple[int, str, float, str]]]
    order: int = 0


menu: Registry[MenuEntry] = Registry("menu entry")


@dataclass(frozen=True)
class Mark:
    """A word beside a contact's name, such as “bounced”. `tone` is a badge's: good, warn, bad, info or blank."""

    text: str
    tone: str = ""
    title: str = ""


#: (contacts, now) → mark by contact id, in at most one query.
contact_marks: Registry[Callable[[Sequence[Any], datetime], Mapping[int, Mark]]] = Registry("contact mark")
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


# Dates that workflows wait for ------------------------------------------------------------------------------------


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


# Import -----------------------------------------------------------------------------------------------------------


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


# What goes out ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refusal:
    """A guard's no: why, in a sentence for people, with the facts it saw.

    With `until` it is a "not now": the message waits until then and is asked about again.
    """

    guard: str
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    until: datetime | None = None


#: Set-based: called with messages inside the sending transaction; returns refusals by message id.
SendGuard = Callable[[Sequence[Any], datetime], Mapping[int, Refusal]]
send_guards: Registry[SendGuard] = Registry("send guard")


#: What should have been a message and is none: kind of fault (lost | doubled | late | parked) → one line per row,
#: computed by SQL from a room's own tables. `manage.py verify_journal` asks with the moment up to which work was done.
JournalCheck = Callable[[datetime], Mapping[str, Sequence[str]]]
journal_checks: Registry[JournalCheck] = Registry("journal check")


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


# How the work goes: the engine room, /readyz, /metrics and the alarm all ask these ------------------------------------

#: What has been due for longer is late, and a machine that has been silent for longer stands still: admins are told.
LATE = timedelta(minutes=2)

#: More rows than this are not counted: a figure of MOST + 1 reads “10,000+”.
MOST = 10_000


@dataclass(frozen=True)
class Load:
    """How one group of a room's work stands: a sender, a workflow. Each figure ends at MOST + 1."""

    work: str
    group: str
    label: str
    due: int  # its time has come, and nothing stands against it
    late: int  # those of them that have been due for longer than LATE
    held: int  # its time has come, and `because` keeps it here
    parked: int  # failed again and again; a person decides
    uncertain: int  # done, perhaps; a person decides
    failed: int
    oldest_due: datetime | None
    because: str


@dataclass(frozen=True)
class LoadSource:
    """A room's work, for all its groups at once.

    `select(now)` gives a SELECT without a final semicolon, and its parameters, with the columns grp, label, due, late,
    held, parked, uncertain, failed, oldest_due and because. It is asked every few seconds and reads open rows by index
    alone. `rows(group, figure)` is the address of the rows that a figure counts, blank where there are none to show.
    `waits(load)` names what waits in a group, inside a sentence: “facts not yet read”.
    """

    label: str
    select: Callable[[datetime], tuple[str, Sequence[Any]]]
    rows: Callable[[str, str], str]
    waits: Callable[[Load], str]
    echoes: frozenset[str] = frozenset()  # figures that another room counts too, so they are left out of sums
    order: int = 0


loads: Registry[LoadSource] = Registry("load")


@dataclass(frozen=True)
class Throughput:
    """What was finished lately. Figures end at the number of rows that a page may count."""

    minutes: Sequence[int]  # finished in each of the last sixty minutes, the latest last
    day: int
    capped: bool  # there was more than was counted
    dwell_p95: timedelta | None  # from due to finished, of the last hour; None: nothing was

    @property
    def last_minute(self) -> int:
        return self.minutes[-1]

    @property
    def last_hour(self) -> int:
        return sum(self.minutes)


throughput: Registry[Callable[[datetime], Throughput]] = Registry("throughput")


@dataclass(frozen=True)
class Trouble:
    """A row that stands still until a person decides."""

    id: int
    title: str
    url: str
    cause: str
    since: datetime | None
    about: str = ""


@dataclass(frozen=True)
class Verb:
    """What a person can decide. `run(ids, reason, by, now)` returns the ids of the rows that it moved, no others."""

    label: str
    done: str  # what became of them, before their number: “Tried again”
    run: Callable[[Sequence[int], str, Any, datetime], Sequence[int]]
    undo: str = ""  # the verb of the same repair that takes it back
    tone: str = ""  # of its button: primary, danger or blank
    offered: bool = True  # False: only as another's undo
    asks: str = ""  # what a person should know before it is done, if it cannot be taken back


@dataclass(frozen=True)
class Repair:
    """Rows of one kind that need a person. `find(limit)` gives the latest of them, with their causes, in one query."""

    label: str
    hint: str
    figure: str  # that of a Load which counts them
    work: str
    find: Callable[[int], Sequence[Trouble]]
    verbs: Mapping[str, Verb]
    order: int = 0


repairs: Registry[Repair] = Registry("repair")


#: Asked at the end of each `tick`, with the moment at which its clock stands: who watches over the work.
watchers: Registry[Callable[[datetime], object]] = Registry("watcher")


@dataclass(frozen=True)
class Notice:
    """A sentence on top of every page. `tone` is warn or bad."""

    title: str
    text: str
    url: str
    action: str
    tone: str = "warn"


#: (request, how the work stands: crm.web.standing.Standing) → what this viewer should know on whatever page, or None.
notices: Registry[Callable[[HttpRequest, Any], Notice | None]] = Registry("notice")
