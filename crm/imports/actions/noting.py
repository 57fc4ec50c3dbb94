"""What an import remembers of what it writes: which rows, for undo; and the first changes, for whoever looks before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Field, Model

from crm.history.tracking import Part, Parted

if TYPE_CHECKING:
    from crm.imports.actions.staging import Staging

#: Rows that a preview shows of each table: changed ones, and new ones.
SHOWN = 12


@dataclass(frozen=True)
class Marks:
    """Notes for an import which rows it wrote, by stretches of ids: a million rows in a row are one note."""

    import_id: int

    def of(self, model: type[Model], role: str) -> tuple[str, dict[str, Any]]:
        """A further part of a WITH that has `written` with ids, and its parameters."""
        return f", noted AS ({_NOTE})", {"import": self.import_id, "table": model._meta.label, "role": role}


_NOTE = """
    INSERT INTO crm_importedrange (of_id, "table", role, first, last)
    SELECT %(import)s, %(table)s, %(role)s, min(id), max(id)
    FROM (SELECT id, id - row_number() OVER (ORDER BY id) AS stretch FROM written) numbered
    GROUP BY stretch
"""


@dataclass
class Diary:
    """The first rows that are changed and made, with their fields before and after, as JSON."""

    entries: list[dict[str, Any]] = field(default_factory=list)

    def changes(self, rows: Staging, model: type[Model], new: Mapping[str, str], target: str, where: str) -> None:
        columns = list(new)
        was, now = ", ".join(f"t.{column}" for column in columns), ", ".join(new.values())
        rows.run(
            f"""SELECT r.line, t.id, {was}, {now} FROM {model._meta.db_table} t JOIN import_rows r ON t.id = r.{target}
            WHERE {where} ORDER BY r.line LIMIT {SHOWN}"""  # noqa: S608
        )
        for line, pk, *cells in rows.cursor.fetchall():
            pairs = zip(columns, cells[: len(columns)], cells[len(columns) :], strict=True)
            self._add(model, line, pk, {column: (old, new) for column, old, new in pairs if old != new})

    def additions(self, rows: Staging, model: type[Model], values: Mapping[str, str], where: str) -> None:
        columns = list(values)
        rows.run(
            f"""SELECT r.line, {", ".join(values.values())} FROM import_rows r WHERE {where}
            ORDER BY r.line LIMIT {SHOWN}"""  # noqa: S608
        )
        for line, *cells in rows.cursor.fetchall():
            filled = {column: cell for column, cell in zip(columns, cells, strict=True) if cell not in (None, "", [])}
            self._add(model, line, None, {column: (None, cell) for column, cell in filled.items()})

    def _add(self, model: type[Model], line: int, pk: int | None, changed: Mapping[str, tuple[Any, Any]]) -> None:
        fields = {str(known.column): known for known in model._meta.concrete_fields}
        told: list[dict[str, str]] = []
        for column, (old, new) in changed.items():
            known = fields[column]
            if isinstance(known, Parted):
                told += _parts(known, _held(old), _held(new))  # type: ignore[arg-type]
            elif known.editable:  # what is worked out from another column tells nobody anything
                told.append({"field": _label(known), "before": _said(known, old), "after": _said(known, new)})
        self.entries.append({"table": model._meta.label, "line": line, "id": pk, "changes": told})


def _held(cell: Any) -> Mapping[str, Any]:
    """The values in such a column: SQL of our own gets JSON as text."""
    held: Mapping[str, Any] = json.loads(cell) if isinstance(cell, str) else cell or {}
    return held


def _parts(known: Parted, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, str]]:
    """Each value that differs, as if it had a column of its own."""
    return [
        {"field": part.words, "before": _part(part, old.get(name)), "after": _part(part, new.get(name))}
        for name, part in known.parts().items()
        if old.get(name) != new.get(name)
    ]


def _part(part: Part, value: Any) -> str:
    return "" if value is None else part.said(value)


def _label(known: Field[Any, Any]) -> str:
    return str(known.verbose_name).capitalize()


def _said(known: Field[Any, Any], value: Any) -> str:
    """As people read it. What a key points at is named, one query each: there are few of them."""
    if value in (None, "", []):
        return ""
    if known.is_relation and known.related_model:
        found = known.related_model._default_manager.filter(pk=value).first()  # type: ignore[union-attr]
        return str(found or value)
    if known.choices:
        return str(dict(known.flatchoices).get(value, value))  # type: ignore[arg-type]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
