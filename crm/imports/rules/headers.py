"""Which column of the file is which of ours."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from crm.imports.rules.files import FileRefused
from crm.imports.rules.presets import Preset


@dataclass(frozen=True)
class Header:
    """Where the columns are: positions in the row by name, of several the one that is looked into first.

    `unknown` are the file's columns that nothing reads.
    """

    width: int
    positions: Mapping[str, Sequence[int]]
    titles: Mapping[str, str]  # our column → what the file calls it, or them: Phone or MobilePhone
    unknown: Sequence[str]
    skip: Sequence[int] = ()  # positions where a yes makes the row count as deleted


def folded(title: str) -> str:
    """Titles are the same whatever their case, blanks, hyphens and underscores."""
    return re.sub(r"[\s_-]+", "", title).lower()


def preferred(titles: Sequence[str], preset: Preset | None) -> Callable[[int], tuple[int, int]]:
    """The order in which columns that go to one of ours are looked into: as the preset has them, else from the left."""
    ranks = {folded(title): rank for rank, title in enumerate(preset.titles)} if preset else {}
    return lambda at: (ranks.get(folded(titles[at]), len(ranks)), at)


def read_header(
    titles: Sequence[str], columns: Mapping[str, bool], preset: Preset | None, mapping: Mapping[str, str]
) -> Header:
    """Find our columns among the file's titles: by `mapping` first, then the preset's titles, then our own names.

    `columns` says of each of ours whether several of the file may go there; only the mapping and a preset send them.
    Raises FileRefused when a title of the mapping is missing, or two titles claim one column.
    """
    where: dict[str, int] = {}
    for number, title in enumerate(titles):
        where.setdefault(folded(title), number)
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for title, column in mapping.items():
        if column not in columns:
            raise FileRefused(f"There is no column {column!r} to map to. Known: {', '.join(columns)}.")
        if folded(title) not in where:
            raise FileRefused(f"The file has no column {title!r}, which --map names. It has: {', '.join(titles)}.")
        _add(positions, column, where[folded(title)], several=columns[column])
    mapped = set(positions)
    taken = {at for places in positions.values() for at in places}
    own = {folded(column): column for column in columns}
    # A preset's own title wins over a namesake of ours: in its files the title has the preset's meaning.
    theirs = {folded(title): column for title, column in (preset.titles if preset else {}).items()}
    for title, column in (theirs | {title: own[title] for title in own if title not in theirs}).items():
        more = title in theirs and columns.get(column) and column not in mapped
        if column in columns and where.get(title, -1) not in {-1, *taken} and (column not in positions or more):
            positions[column].append(where[title])
            taken.add(where[title])
    _refuse_doubles(titles, own, positions)
    return _header(titles, positions, preset)


def chosen_header(
    titles: Sequence[str], columns: Mapping[str, bool], chosen: Mapping[int, str], preset: Preset | None
) -> Header:
    """As somebody has said for each position. Raises FileRefused when that is not of this file or kind."""
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for position, column in sorted(chosen.items()):
        if column not in columns or position not in range(len(titles)):
            raise FileRefused("The columns that were chosen are not those of this file. Choose them again.")
        _add(positions, column, position, several=columns[column])
    return _header(titles, positions, preset)


def _add(positions: defaultdict[str, list[int]], column: str, at: int, *, several: bool) -> None:
    if positions[column] and not several:
        raise FileRefused(f"Two columns of the file go to {column}. Choose one of them.")
    positions[column].append(at)


def _header(titles: Sequence[str], found: Mapping[str, Sequence[int]], preset: Preset | None) -> Header:
    order = preferred(titles, preset)
    positions = {column: sorted(places, key=order) for column, places in found.items()}
    taken = {at for places in positions.values() for at in places}
    folds = [folded(title) for title in titles]
    skip = [folds.index(folded(title)) for title in (preset.deleted if preset else ()) if folded(title) in folds]
    skip = [at for at in skip if at not in taken]
    unknown = [title for at, title in enumerate(titles) if title.strip() and at not in {*taken, *skip}]
    named = {column: " or ".join(titles[at] for at in places) for column, places in positions.items()}
    return Header(len(titles), positions, named, unknown, skip)


def _refuse_doubles(titles: Sequence[str], own: Mapping[str, str], positions: Mapping[str, object]) -> None:
    seen: set[str] = set()
    for title in map(folded, titles):
        if title in seen and own.get(title) in positions:
            raise FileRefused(f"The file has the column {own[title]} twice. Rename one of them.")
        seen.add(title)
