"""Writing rows back: sets where nothing stands against it, row by row where something does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from django.db import IntegrityError, connection, transaction
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.types.json import Jsonb

from crm.history.models import Act
from crm.history.tracking import Tracked
from crm.web.encoding import dumps


@dataclass(frozen=True)
class Conflict:
    """What cannot go back, since what the database holds now forbids it."""

    pk: int
    columns: frozenset[str]  # empty: the whole row
    because: str


def write_back(of: Tracked, rows: Mapping[int, Mapping[str, Any]], now: datetime) -> list[Conflict]:
    """Give rows, which the caller has locked, what columns held before, as JSON. Returns what had to stay."""
    try:
        _update(of, rows, now)
    except IntegrityError:
        # Taking what another of these rows gives up works only after it: those that give something up come first.
        order = sorted(rows, key=lambda pk: (any(rows[pk].values()), pk))
        return [conflict for pk in order for conflict in _one(of, pk, dict(rows[pk]), now)]
    return []


def _one(of: Tracked, pk: int, values: dict[str, Any], now: datetime) -> list[Conflict]:
    """All columns of a row that can go back."""
    conflicts: list[Conflict] = []
    while values:
        try:
            _update(of, {pk: values}, now)
            break
        except IntegrityError as error:
            guilty = next((some for named in _columns(of, error) if (some := named & set(values))), set(values))
            conflicts.append(Conflict(pk, frozenset(guilty), _because(error)))
            values = {column: value for column, value in values.items() if column not in guilty}
    return conflicts


def _update(of: Tracked, rows: Mapping[int, Mapping[str, Any]], now: datetime) -> None:
    columns = {column for values in rows.values() for column in values}
    parts = [f'"{column}" = back."{column}"' for column in sorted(columns) if "." not in column]
    parts += [_PARTED.format(table=of.table, column=column) for column in sorted(_wholes(columns))]
    if any(field.column == "updated_at" for field in of.model._meta.local_concrete_fields):
        parts.append("updated_at = %(now)s")
    given = [{"id": pk, "was": _nested(values)} for pk, values in rows.items()]
    statement = _UPDATE.format(table=of.table, parts=", ".join(parts))
    _checked(statement, {"rows": Jsonb(given, dumps=dumps), "now": now})


def _wholes(columns: Iterable[str]) -> set[str]:
    """The columns that parts belong to."""
    return {column.partition(".")[0] for column in columns if "." in column}


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Parts inside their columns."""
    made: dict[str, Any] = {}
    for name, value in values.items():
        whole, _, part = name.partition(".")
        if part:
            made.setdefault(whole, {})[part] = value
        else:
            made[whole] = value
    return made


#: What goes back to nothing is not in it any more.
_PARTED = """"{column}" = jsonb_strip_nulls({table}."{column}" || coalesce(given.was -> '{column}', '{{}}'))"""

_UPDATE = """
    UPDATE {table} SET {parts}
    FROM jsonb_to_recordset(%(rows)s) AS given(id bigint, was jsonb)
    JOIN {table} present ON present.id = given.id
    CROSS JOIN LATERAL jsonb_populate_record(present, given.was) back
    WHERE {table}.id = given.id
"""


def bring_back(of: Tracked, act: Act, ids: Sequence[int]) -> list[Conflict]:
    """Make the rows again that the act deleted, with their ids. Returns those that cannot be."""
    try:
        _insert(of, act, ids)
    except IntegrityError:
        conflicts = []
        for pk in ids:
            try:
                _insert(of, act, [pk])
            except IntegrityError as error:
                conflicts.append(Conflict(pk, frozenset(), _because(error)))
        return conflicts
    return []


def _insert(of: Tracked, act: Act, ids: Sequence[int]) -> None:
    columns = ", ".join(f'"{column}"' for column in of.all_columns)
    statement = _INSERT.format(table=of.table, change=of.change._meta.db_table, columns=columns)
    _checked(statement, {"act": act.pk, "ids": list(ids)})


_INSERT = """
    INSERT INTO {table} (id, {columns})
    SELECT DISTINCT ON (pgh_obj_id) pgh_obj_id, {columns} FROM {change}
    WHERE act_id = %(act)s AND pgh_label = 'delete' AND pgh_obj_id = ANY(%(ids)s)
    ORDER BY pgh_obj_id, pgh_id DESC
    ON CONFLICT (id) DO NOTHING
"""


def _checked(statement: str, parameters: dict[str, Any]) -> None:
    """All or nothing of the statement, and keys that lead nowhere are found now rather than at the end."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _because(error: IntegrityError) -> str:
    match error.__cause__:
        case UniqueViolation():
            return "another record has it now"
        case ForeignKeyViolation():
            return "what it pointed to is no longer there"
    return "it would contradict what is there now"


def _columns(of: Tracked, error: IntegrityError) -> tuple[set[str], set[str]]:
    """The columns of the constraint's condition and those it is about; none if that cannot be said.

    Giving up the condition is enough: who cannot be the primary contact again still goes back to their customer.
    """
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
    column_of = {field.name: field.column for field in of.model._meta.local_concrete_fields}
    known = {constraint.name: constraint for constraint in of.model._meta.constraints}
    condition = getattr(known.get(name), "condition", None)
    asked = {str(child[0]) for child in getattr(condition, "children", []) if isinstance(child, tuple)}
    return {column_of[field] for field in asked & set(column_of)}, _keyed(of.table).get(name, set())


def _keyed(table: str) -> dict[str, set[str]]:
    """Name of each constraint and each index of the table → its columns."""
    found: dict[str, set[str]] = defaultdict(set)
    with connection.cursor() as cursor:
        cursor.execute(_KEYED, {"table": table})
        for name, column in cursor.fetchall():
            found[name].add(column)
    return found


_KEYED: LiteralString = """
    SELECT conname, attname FROM pg_constraint
    JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey) WHERE conrelid = %(table)s::regclass
    UNION ALL
    SELECT relname, attname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey) WHERE indrelid = %(table)s::regclass
"""
