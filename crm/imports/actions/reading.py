"""From the file into the staging table: each row is checked by itself, and what cannot be read is put aside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import batched

from crm.imports.actions.checking import Checker
from crm.imports.actions.staging import Staging
from crm.imports.rules.cells import Conventions
from crm.imports.rules.files import FileRefused, Row, Source, rows
from crm.imports.rules.headers import Header, chosen_header, read_header
from crm.imports.rules.plans import Plan
from crm.imports.rules.presets import CARDS, Preset
from crm.imports.rules.vcards import TITLES
from crm.slots import ImportKind

#: Rows sent to Postgres at once: about 1 MB of them in memory, and some 50 MB of those that hold whole letters. After
#: so many somebody is told how far it is.
BATCH, STRETCH = 2_000, 20_000


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
    checker = Checker(kind, header, preset, conventions, lambda name: named(kind, header, name))
    count = deleted = 0
    for batch in batched(records, BATCH, strict=False):
        good, rejects, gone = checker.check(batch)
        staging.add(checker.columns, good, rejects)
        count, deleted = count + len(batch), deleted + gone
        if count % STRETCH == 0:
            progress(count)
    return Found(header, count, deleted)


def named(kind: ImportKind, header: Header, column: str) -> str:
    """Our column as whoever looks into the file knows it: by its title there, or if it has none by our name for it."""
    return header.titles.get(column) or kind.columns[column].label or column


def _header(
    records: Iterator[Row], source: Source, kind: ImportKind, preset: Preset | None, plan: Plan
) -> Header:  # fmt: skip
    titles = read_titles(records, source)
    if plan.columns is None:
        header = recognised(titles, kind, preset, plan.mapping)
    else:
        header = chosen_header(titles, _several(kind), plan.columns, preset)
    if plan.made_of:
        header = replace(header, positions=with_made(kind, header.positions), titles=with_made(kind, header.titles))
    if gap := what_lacks(kind, header, titles, plan.makes):
        raise FileRefused(f"{gap} Rename them, name a preset, or say --map THEIRS=ours.")
    return header


def what_lacks(kind: ImportKind, header: Header, titles: Sequence[str], makes: Collection[str] | None) -> str:
    """Which columns the file should have and has not, and what stands in its first row; blank: none is missing."""
    missing = lacking(kind, header.positions, makes or ())
    if not missing:
        return ""
    named = f"The file lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}."
    return f"{named} Its first row is: {', '.join(titles)[:500]}."


def recognised(titles: Sequence[str], kind: ImportKind, preset: Preset | None, mapping: Mapping[str, str]) -> Header:
    """By the mapping, our own names and the preset's. Raises FileRefused as `read_header` does."""
    preset = preset or (CARDS if of_cards(titles) else None)
    named = mapping.values()
    usable = [name for name, column in kind.columns.items() if not column.hidden or preset or name in named]
    several = _several(kind)
    return read_header(titles, {name: several[name] for name in usable}, preset, mapping)


def _several(kind: ImportKind) -> dict[str, bool]:
    return {name: column.several for name, column in kind.columns.items()}


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


def lacking(kind: ImportKind, columns: Collection[str], makes: Collection[str] = ()) -> list[str]:
    """What the file must have and has not, when these of our columns are in it and it may make that."""
    missing = [
        name for name, column in kind.columns.items()
        if column.required and name not in columns and name not in kind.one_of
        and not (column.or_else and column.or_else in columns) and column.spared_by not in makes
    ]  # fmt: skip
    if kind.one_of and not any(name in columns for name in kind.one_of):
        missing.append(" or ".join(kind.one_of))
    return missing
