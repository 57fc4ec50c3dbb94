"""What a file's columns might be: by their titles in the words of other systems, and by what stands in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from crm.imports.rules.cells import CellError, Column, Conventions, reader
from crm.imports.rules.headers import folded
from crm.imports.rules.presets import PRESETS

#: So many of a preset's titles, and no fewer, say whose export a file is.
ENOUGH_TITLES = 3
#: Of the cells shown, so many must look alike to say what a column holds.
ENOUGH_CELLS = 0.8

#: Kinds of columns whose cells are told apart from anything else, the surest first.
_TELLING = ("email", "domain")


class Named(Column, Protocol):
    """What guessing needs to know of a column."""

    @property
    def label(self) -> str: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def several(self) -> bool: ...


@dataclass(frozen=True)
class Guess:
    """`why` is how it was recognised: title, synonym, or content."""

    column: str
    why: str


def preset_of(kind: str, columns: Mapping[str, Named], titles: Sequence[str]) -> str | None:
    """Whose export it is: its titles are one system's, of no other's as much, and one is not what anybody would say."""
    there = {folded(title) for title in titles}
    own, synonyms = _words(columns)
    hits = {
        name: sum(folded(title) in there for title in kinds[kind].titles) for name, kinds in PRESETS.items()
        if kind in kinds
    }  # fmt: skip
    ranked = sorted(hits, key=lambda name: -hits[name])
    if not ranked or hits[ranked[0]] < ENOUGH_TITLES:
        return None
    telling = {folded(title) for title in PRESETS[ranked[0]][kind].titles} & there - own.keys() - synonyms.keys()
    tied = len(ranked) > 1 and hits[ranked[1]] == hits[ranked[0]]
    return ranked[0] if telling and not tied else None


def guesses(
    kind: str, columns: Mapping[str, Named], titles: Sequence[str], samples: Sequence[Sequence[str]], preset: str | None
) -> dict[int, Guess]:
    """Position → what the column seems to be. Each of ours is guessed once, the surest first; only of another system
    that is known several may be one."""
    found: dict[int, Guess] = {}
    for number, (why, by_title) in enumerate(_dictionaries(kind, columns, preset)):
        for name_of, column in by_title.items():
            at = next((at for at, title in enumerate(titles) if folded(title) == name_of and at not in found), None)
            more = number == 0 and preset is not None and columns[column].several
            if at is not None and (more or column not in {guess.column for guess in found.values()}):
                found[at] = Guess(column, why)
    for kind_of_column in _TELLING:
        _by_content(kind_of_column, columns, titles, samples, found)
    return found


def _dictionaries(kind: str, columns: Mapping[str, Named], preset: str | None) -> list[tuple[str, dict[str, str]]]:
    own, synonyms = _words(columns)
    if preset is None:
        return [("its title", own), ("its title", synonyms)]
    titles = {folded(title): column for title, column in PRESETS[preset][kind].titles.items()}
    strange = {folded(title) for title in PRESETS[preset][kind].strange}
    more = {title: name for title, name in (synonyms | own).items() if title not in titles and title not in strange}
    return [("its title", titles), ("its title", more)]


def _words(columns: Mapping[str, Named]) -> tuple[dict[str, str], dict[str, str]]:
    """Our columns by their own titles, and by what others call them; titles folded."""
    own = {folded(name): name for name in columns} | {
        folded(column.label): name for name, column in columns.items() if column.label
    }
    return own, {folded(other): name for name, column in columns.items() for other in column.names}


def _by_content(
    wanted: str, columns: Mapping[str, Named], titles: Sequence[str], samples: Sequence[Sequence[str]],
    found: dict[int, Guess],
) -> None:  # fmt: skip
    free = [name for name, column in columns.items() if column.kind == wanted]
    free = [name for name in free if name not in {guess.column for guess in found.values()} and "_" not in name]
    if not free:
        return
    read = reader(columns[free[0]], Conventions(zones=()))
    for at in range(len(titles)):
        cells = [row[at].strip() for row in samples if at < len(row) and row[at].strip()]
        if at not in found and cells and sum(_reads(read, cell) for cell in cells) >= ENOUGH_CELLS * len(cells):
            found[at] = Guess(free[0], "what stands in it")
            return


def _reads(read: object, cell: str) -> bool:
    try:
        read(cell)  # type: ignore[operator]
    except CellError:
        return False
    # A number with a point, or an abbreviation, would pass for a domain.
    return re.search(r"[a-z]{2,}$", cell.rstrip("/").lower()) is not None and not re.search(r"\s", cell)
