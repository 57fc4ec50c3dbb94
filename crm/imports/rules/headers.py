"""Which column of the file is which of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.imports.rules.files import FileRefused
from crm.imports.rules.presets import Preset


@dataclass(frozen=True)
class Header:
    """Where the columns are: position in the row by name. `unknown` are the file's columns that nothing reads."""

    width: int
    positions: Mapping[str, int]
    titles: Mapping[str, str]  # our column → what the file calls it
    unknown: Sequence[str]
    skip: Sequence[int] = ()  # positions where a yes makes the row count as deleted


def folded(title: str) -> str:
    """Titles are the same whatever their case, blanks, hyphens and underscores."""
    return re.sub(r"[\s_-]+", "", title).lower()


def as_named(column: str, titles: Mapping[str, str]) -> str:
    """Our column as whoever looks into the file finds it: “"E-Mail" (email)”, or its name alone where both agree."""
    title = titles.get(column, column)
    return column if title == column else f'"{title}" ({column})'


def read_header(
    titles: Sequence[str], columns: Sequence[str], preset: Preset | None, mapping: Mapping[str, str]
) -> Header:
    """Find our columns among the file's titles: by `mapping` first, then our own names, then the preset's.

    Raises FileRefused when a title of the mapping is missing, or two titles claim one column by name.
    """
    where: dict[str, int] = {}
    for number, title in enumerate(titles):
        where.setdefault(folded(title), number)
    positions: dict[str, int] = {}
    for title, column in mapping.items():
        if column not in columns:
            raise FileRefused(f"There is no column {column!r} to map to. Known: {', '.join(columns)}.")
        if folded(title) not in where:
            raise FileRefused(f"The file has no column {title!r}, which --map names. It has: {', '.join(titles)}.")
        positions[column] = where[folded(title)]
    taken = set(positions.values())
    own = {folded(column): column for column in columns}
    # A preset's own title wins over a namesake of ours: in its files the title has the preset's meaning.
    offers = [(folded(title), column) for title, column in (preset.titles if preset else {}).items()]
    offers += [(title, column) for title, column in own.items() if preset is None or title not in dict(offers)]
    for title, column in offers:
        if title in where and where[title] not in taken and column not in positions and column in columns:
            positions[column] = where[title]
            taken.add(where[title])
    _refuse_doubles(titles, own, positions)
    skip = [where[folded(title)] for title in (preset.deleted if preset else ()) if folded(title) in where]
    unknown = [title for number, title in enumerate(titles) if number not in taken and number not in skip]
    named = {column: titles[number] for column, number in positions.items()}
    return Header(len(titles), positions, named, [title for title in unknown if title.strip()], skip)


def chosen_header(
    titles: Sequence[str], columns: Sequence[str], chosen: Mapping[int, str], preset: Preset | None
) -> Header:
    """As somebody has said for each position. Raises FileRefused when that is not of this file or kind."""
    positions: dict[str, int] = {}
    for position, column in sorted(chosen.items()):
        if column not in columns or position not in range(len(titles)):
            raise FileRefused("The columns that were chosen are not those of this file. Choose them again.")
        if column in positions:
            raise FileRefused(f"Two columns of the file go to {column}. Choose one of them.")
        positions[column] = position
    folds = [folded(title) for title in titles]
    skip = [folds.index(folded(title)) for title in (preset.deleted if preset else ()) if folded(title) in folds]
    skip = [position for position in skip if position not in positions.values()]
    unknown = [
        title for number, title in enumerate(titles) if title.strip() and number not in {*positions.values(), *skip}
    ]
    return Header(len(titles), positions, {column: titles[at] for column, at in positions.items()}, unknown, skip)


def _refuse_doubles(titles: Sequence[str], own: Mapping[str, str], positions: Mapping[str, int]) -> None:
    seen: set[str] = set()
    for title in map(folded, titles):
        if title in seen and own.get(title) in positions:
            raise FileRefused(f"The file has the column {own[title]} twice. Rename one of them.")
        seen.add(title)
