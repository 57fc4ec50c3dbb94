"""Cells of many rows at once, column by column, into what the staging table takes; and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.imports.actions.staging import Reject
from crm.imports.rules.cells import CellError, Conventions, Reader, reader, unquoted
from crm.imports.rules.files import Row
from crm.imports.rules.headers import Header
from crm.imports.rules.presets import Preset
from crm.slots import ImportKind

#: A cell as Postgres takes it; None is blank. What cannot be read is the reason why not.
type Value = str | CellError | None

_DELETED = {"true", "1", "yes", "t", "y"}


class Known(dict[str, Value]):
    """What each cell of a column is read into: cells repeat themselves, and a look-up is the quickest way to read."""

    #: So many are remembered at once, and none that is longer: all days of many years, and a few megabytes. Whole
    #: letters do not repeat themselves.
    MOST, LONGEST = 16_384, 100

    def __init__(self, read: Reader) -> None:
        super().__init__()
        self.read, self.wrong = read, False

    def __missing__(self, cell: str) -> Value:
        text = cell.strip()
        value: Value = None
        if text:
            try:
                value = self.read(unquoted(text) if text[0] == "'" else text) or None
            except CellError as error:
                value, self.wrong = error, True
        if len(cell) <= self.LONGEST:
            if len(self) >= self.MOST:
                self.clear()
            self[cell] = value
        return value


@dataclass(frozen=True)
class Place:
    """Where one of our columns stands in the file's rows: in one place, or in the first of several that is filled."""

    name: str
    at: Sequence[int]
    known: Known
    any_yes: bool  # of several a yes counts wherever it stands

    def values(self, cells: Sequence[list[str]]) -> list[Value]:
        known = self.known
        if len(self.at) == 1:
            (at,) = self.at
            return [known[row[at]] for row in cells]
        return [self._first([known[row[at]] for at in self.at]) for row in cells]

    def _first(self, values: list[Value]) -> Value:
        if self.any_yes:
            if "t" in values:
                return "t"
            values.sort(key=lambda value: not isinstance(value, CellError))  # what nobody can read may be one
        return next((value for value in values if value is not None), None)

    def shown(self, cells: list[str]) -> str:
        """The cell that cannot be read."""
        bad = next((at for at in self.at if isinstance(self.known[cells[at]], CellError)), self.at[0])
        return cells[bad].strip()[:200]


@dataclass
class Checker:
    """Reads rows, many at a time. `columns` are those of ours that the file has; `named` says what people call them."""

    kind: ImportKind
    header: Header
    preset: Preset | None
    conventions: Conventions
    named: Callable[[str], str]
    _places: list[Place] = field(init=False)

    def __post_init__(self) -> None:
        changes = self.preset.changes if self.preset else {}
        self._places = []
        for name, at in sorted(self.header.positions.items(), key=lambda found: min(found[1])):
            column = self.kind.columns[name]
            read = reader(column, self.conventions)
            known = Known(_after(changes[name], read) if name in changes else read)
            self._places.append(Place(name, at, known, column.kind == "yes_no"))
        self._filled = [place.name for place in self._places if self.kind.columns[place.name].filled]
        self._one_of = [name for name in self.kind.one_of if name in self.header.positions]

    @property
    def columns(self) -> list[str]:
        """Ours, in the order of the values that `check` gives."""
        return [place.name for place in self._places]

    def check(self, rows: Sequence[Row]) -> tuple[Iterable[Sequence[Any]], list[Reject], int]:
        """Rows for the staging table: the line, then the values; what is wrong; and how many are deleted over there."""
        width = self.header.width
        sound = [row for row in rows if len(row.cells) == width and not row.problem]
        rejects = [self._misshapen(row) for row in rows if len(row.cells) != width or row.problem]
        there = [row for row in sound if not self._deleted(row)] if self.header.skip else sound
        cells = [row.cells for row in there]
        values = {place.name: place.values(cells) for place in self._places}
        bad: set[int] = set()
        for place in self._places:
            if place.known.wrong:
                for n, value in enumerate(values[place.name]):
                    if isinstance(value, CellError):
                        shown = place.shown(cells[n])
                        rejects.append((there[n].line, place.name, shown, value.reason, value.remedy))
                        bad.add(n)
        for n, reject in self._missing(there, values):
            if n not in bad:
                rejects.append(reject)
                bad.add(n)
        table: Iterable[Sequence[Any]] = zip([row.line for row in there], *values.values(), strict=True)
        if bad:
            table = [row for n, row in enumerate(table) if n not in bad]
        return table, rejects, len(sound) - len(there)

    def _missing(self, rows: Sequence[Row], values: Mapping[str, list[Value]]) -> Iterable[tuple[int, Reject]]:
        """By the number of the row, what it ought to say and does not."""
        for name in self._filled:
            if None in values[name]:
                remedy = f"Fill in {self.named(name)}."
                for n, value in enumerate(values[name]):
                    if value is None:
                        yield n, (rows[n].line, name, "", "is missing", remedy)
        some = [values[name] for name in self._one_of]
        if some and all(None in column for column in some):
            known = " or ".join(map(self.named, self._one_of))
            reason = f"{known} is missing" if len(some) > 1 else "is missing"
            for n, of_row in enumerate(zip(*some, strict=True)):
                if not any(of_row):
                    yield n, (rows[n].line, self._one_of[0], "", reason, f"Fill in {known}.")

    def _misshapen(self, row: Row) -> Reject:
        """What is wrong with the row as a whole."""
        if row.problem:
            text = "".join(row.cells)[:200].encode(errors="replace").decode().replace("\0", "")
            return (row.line, "", text, row.problem, row.remedy)
        reason = f"has {len(row.cells)} cells, the header {self.header.width}"
        return (row.line, "", row.cells[0][:200], reason, "Put cells that hold a separator into quotation marks.")

    def _deleted(self, row: Row) -> bool:
        """Whether the other system says that this row is no more."""
        return any(row.cells[position].strip().lower() in _DELETED for position in self.header.skip)


def _after(change: Callable[[str], str], read: Reader) -> Reader:
    return lambda cell: read(changed) if (changed := change(cell)) else ""
