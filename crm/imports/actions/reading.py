"""From the file into the staging table: each row is checked by itself, and what cannot be read is put aside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

from crm.imports.actions.staging import Reject, Staging
from crm.imports.rules.cells import CellError, Conventions, Reader, reader, unquoted
from crm.imports.rules.files import FileRefused, Row, Source, rows
from crm.imports.rules.headers import Header, as_named, chosen_header, read_header
from crm.imports.rules.plans import Plan
from crm.imports.rules.presets import CARDS, Preset
from crm.imports.rules.vcards import TITLES
from crm.slots import ImportKind

#: Rows sent to Postgres at once: about 10 MB of them in memory.
BATCH = 20_000

_DELETED = {"true", "1", "yes", "t", "y"}


@dataclass
class Checker:
    """Reads the cells of rows into what the staging table takes."""

    kind: ImportKind
    header: Header
    preset: Preset | None
    conventions: Conventions
    _plan: list[tuple[int, int, str, Reader]] = field(init=False)
    _filled: list[tuple[int, str]] = field(init=False)

    def __post_init__(self) -> None:
        names = list(self.kind.columns)
        changes = self.preset.changes if self.preset else {}
        self._plan = []
        for name, position in sorted(self.header.positions.items(), key=itemgetter(1)):
            read = reader(self.kind.columns[name], self.conventions)
            change = changes.get(name)
            self._plan.append((names.index(name) + 1, position, name, _after(change, read) if change else read))
        self._filled = [(names.index(name) + 1, name) for name, column in self.kind.columns.items() if column.filled]
        self._one_of = [names.index(name) + 1 for name in self.kind.one_of]
        self._width = len(names) + 1

    def deleted(self, row: Row) -> bool:
        """Whether the other system says that this row is no more."""
        return any(row.cells[position].strip().lower() in _DELETED for position in self.header.skip)

    def check(self, row: Row) -> tuple[list[int | str | None], list[Reject]]:
        """The row for the staging table, and what is wrong with it."""
        values: list[int | str | None] = [None] * self._width
        values[0] = row.line
        rejects: list[Reject] = []
        cells = row.cells
        for place, position, name, read in self._plan:
            cell = cells[position].strip()
            if cell:
                try:
                    values[place] = read(unquoted(cell) if cell[0] == "'" else cell) or None
                except CellError as error:
                    rejects.append((row.line, name, cell[:200], error.reason, error.remedy))
        for place, name in self._filled:
            if values[place] is None and not rejects:
                rejects.append((row.line, name, "", "is missing", f"Fill in {as_named(name, self.header.titles)}."))
        if self._one_of and not rejects and all(values[place] is None for place in self._one_of):
            names = [name for name in self.kind.one_of if name in self.header.positions]
            known = " or ".join(as_named(name, self.header.titles) for name in names)
            reason = f"{known} is missing" if len(names) > 1 else "is missing"
            rejects.append((row.line, names[0], "", reason, f"Fill in {known}."))
        return values, rejects

    def shape(self, row: Row) -> Reject | None:
        """What is wrong with the row as a whole."""
        if row.problem:
            text = "".join(row.cells)[:200].encode(errors="replace").decode().replace("\0", "")
            return (row.line, "", text, row.problem, row.remedy)
        if len(row.cells) != self.header.width:
            reason = f"has {len(row.cells)} cells, the header {self.header.width}"
            return (row.line, "", row.cells[0][:200], reason, "Put cells that hold a separator into quotation marks.")
        return None


def _after(change: Callable[[str], str], read: Reader) -> Reader:
    return lambda cell: read(changed) if (changed := change(cell)) else ""


@dataclass(frozen=True)
class Found:
    """What reading a file came to."""

    header: Header
    rows: int  # without the header and empty lines
    deleted: int  # of them


def fill(
    staging: Staging,
    source: Source,
    kind: ImportKind,
    preset: Preset | None,
    plan: Plan,
    conventions: Conventions,
    progress: Callable[[int], None],
) -> Found:
    """Read the whole file into the staging table. Raises FileRefused when it lacks columns that the kind needs."""
    check_cards(source, kind)
    records = rows(source)
    header = _header(records, source, kind, preset, plan)
    checker = Checker(kind, header, preset, conventions)
    good: list[list[int | str | None]] = []
    rejects: list[Reject] = []
    count = deleted = 0
    for count, row in enumerate(records, 1):
        if problem := checker.shape(row):
            rejects.append(problem)
        elif header.skip and checker.deleted(row):
            deleted += 1
        else:
            values, wrong = checker.check(row)
            if wrong:
                rejects += wrong
            else:
                good.append(values)
        if count % BATCH == 0:
            staging.add(good, rejects)
            good, rejects = [], []
            progress(count)
    staging.add(good, rejects)
    return Found(header, count, deleted)


def _header(
    records: Iterator[Row], source: Source, kind: ImportKind, preset: Preset | None, plan: Plan
) -> Header:  # fmt: skip
    titles = read_titles(records, source)
    if plan.columns is None:
        header = recognised(titles, kind, preset, plan.mapping)
    else:
        header = chosen_header(titles, list(kind.columns), plan.columns, preset)
    if plan.made_of:
        header = replace(header, positions=with_made(kind, header.positions), titles=with_made(kind, header.titles))
    if gap := what_lacks(kind, header, titles):
        raise FileRefused(f"{gap} Rename them, name a preset, or say --map THEIRS=ours.")
    return header


def what_lacks(kind: ImportKind, header: Header, titles: Sequence[str]) -> str:
    """Which columns the file should have and has not, and what stands in its first row; blank: none is missing."""
    missing = lacking(kind, header.positions)
    if not missing:
        return ""
    named = f"The file lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}."
    return f"{named} Its first row is: {', '.join(titles)[:500]}."


def recognised(titles: Sequence[str], kind: ImportKind, preset: Preset | None, mapping: Mapping[str, str]) -> Header:
    """By the mapping, our own names and the preset's. Raises FileRefused as `read_header` does."""
    preset = preset or (CARDS if of_cards(titles) else None)
    named = mapping.values()
    usable = [name for name, column in kind.columns.items() if not column.hidden or preset or name in named]
    return read_header(titles, usable, preset, mapping)


def of_cards(titles: Sequence[str]) -> bool:
    """Whether these are the columns of cards; a title may be blank for a column that is left out."""
    return len(titles) == len(TITLES) and {*titles} - {""} <= {*TITLES}


def check_cards(source: Source, kind: ImportKind) -> None:
    """Raises FileRefused for cards in the place of what is no people."""
    if source.cards and not kind.brings_people:
        raise FileRefused(f"{source.name} holds vCards, which are people. Import it as contacts.")


def read_titles(records: Iterator[Row], source: Source) -> list[str]:
    """The header row. Raises FileRefused when there is none."""
    first = next(records, None)
    if first is None or first.problem:
        raise FileRefused(f"{source.name} has no header row that could be read.")
    return [title.strip() for title in first.cells]


def with_made[T](kind: ImportKind, there: Mapping[str, T]) -> dict[str, T]:
    """Of each column of ours what is known of it; of one that the file lacks, what is known of its `made_of`."""
    missing = {name for either in lacking(kind, there) for name in either.split(" or ")}
    made = {name: kind.columns[name].made_of for name in missing}
    return {**there, **{name: there[other] for name, other in made.items() if other in there}}


def lacking(kind: ImportKind, columns: Collection[str]) -> list[str]:
    """What the file must have and has not, when these of our columns are in it."""
    missing = [
        name for name, column in kind.columns.items()
        if column.required and name not in columns and name not in kind.one_of
        and not (column.or_else and column.or_else in columns)
    ]  # fmt: skip
    if kind.one_of and not any(name in columns for name in kind.one_of):
        missing.append(" or ".join(kind.one_of))
    return missing
