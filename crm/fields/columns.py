"""Fields of one's own in files: columns that an import takes and an export gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from psycopg.types.json import Jsonb

from crm.fields import known
from crm.fields.forms import NAMED
from crm.fields.rules import Definition
from crm.slots import ImportColumn, ImportCounts, ImportRows


class ColumnsOf(Mapping[str, ImportColumn]):
    """What a file of a kind may bring: its own columns, and one for each field of the subject."""

    def __init__(self, subject: str, own: Mapping[str, ImportColumn]) -> None:
        self.subject, self.own = subject, own

    def __getitem__(self, name: str) -> ImportColumn:
        if found := self.own.get(name):
            return found
        of = known.field(self.subject, name.removeprefix(NAMED)) if name.startswith(NAMED) else None
        if of is None:
            raise KeyError(name)
        return _column(of)

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        yield from (f"{NAMED}{of.key}" for of in known.fields(self.subject))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _column(of: Definition) -> ImportColumn:
    hint = of.help or of.kind.hint
    return ImportColumn(
        "checked_day" if of.type == "date" else "checked", max_length=5_000, label=of.name, names=(of.key,), hint=hint,
        example=of.offered[0].label if of.offered else "", check=lambda cell: json.dumps(of.clean(cell)),
    )  # fmt: skip


def targets(subject: str) -> dict[str, str]:
    """The file's columns with where in the table their values go, for `ImportRows.respect`."""
    return {f"{NAMED}{of.key}": f"custom.{of.key}" for of in known.fields(subject)}


def require(rows: ImportRows, subject: str) -> None:
    """A new row needs what whoever writes one by hand must fill in, if the file has the column and no default helps."""
    for of in known.fields(subject):
        if of.required and of.default is None:
            column = f"{NAMED}{of.key}"
            rows.reject(
                f"r.target IS NULL AND r.{column} IS NULL"
                f" AND EXISTS (SELECT FROM import_rows o WHERE o.{column} IS NOT NULL)",
                column, "is missing", f"{of.name} must have a value in a new row.",
            )  # fmt: skip


def write(
    rows: ImportRows, model: Any, subject: str, values: Mapping[str, str], merge: Mapping[str, str]
) -> ImportCounts:
    """As `rows.write`, with the fields of the subject."""
    fields = known.fields(subject)
    if not fields:
        return rows.write(model, values, merge=merge)
    pairs = [f"jsonb_build_object('{of.key}', r.{NAMED}{of.key}::jsonb)" for of in fields]
    given = f"jsonb_strip_nulls({' || '.join(pairs)})"
    return rows.write(
        model, {**values, "custom": f"%(defaults)s::jsonb || {given}"},
        merge={**merge, "custom": f"t.custom || {given}"}, parameters={"defaults": defaults(subject)},
    )  # fmt: skip


def defaults(subject: str) -> Jsonb:
    """What a new row has in its fields when nobody says anything."""
    return Jsonb({of.key: of.default for of in known.fields(subject) if of.default is not None})


class ExportOf(Mapping[str, Any]):
    """What an export of a subject can hold: its own columns, and one for each field. `make(path, label, said)`."""

    def __init__(self, subject: str, own: Mapping[str, Any], make: Any) -> None:
        self.subject, self.own, self.make = subject, own, make

    def __getitem__(self, name: str) -> Any:
        if found := self.own.get(name):
            return found
        of = known.field(self.subject, name.removeprefix(NAMED)) if name.startswith(NAMED) else None
        if of is None:
            raise KeyError(name)
        return self.make(f"custom__{of.key}", of.name, of.cell)

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        yield from (f"{NAMED}{of.key}" for of in known.fields(self.subject))

    def __len__(self) -> int:
        return sum(1 for _ in self)
