"""Moving what hangs on one record to another, table by table as the rooms have registered them, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Model
from psycopg.types.json import Jsonb

from crm import slots
from crm.slots import OwnedRows

#: So many rows of a table are counted for a preview; more read “10,000+”.
MOST = 10_000
#: Ids of moved rows in one row of ours.
CHUNK = 50_000


@dataclass(frozen=True)
class Owned:
    """A registered key, with the names it has in the database."""

    name: str
    of: OwnedRows
    model: type[Model]

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    @property
    def column(self) -> str:
        return str(self.model._meta.get_field(self.of.field).column)  # type: ignore[union-attr]

    @property
    def subject(self) -> type[Model]:
        return self.model._meta.get_field(self.of.field).related_model  # type: ignore[return-value]


def owned_by(subject: type[Model]) -> list[Owned]:
    """The keys that point at records of this kind, in the order in which they are dealt with."""
    found = [Owned(name, of, apps.get_model(of.model)) for name, of in slots.owned_rows.items()]
    return [owned for owned in found if owned.subject is subject]


def ask(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    """Run a statement; its rows, if it gives any."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def counts(subject: type[Model], pk: int) -> list[tuple[int, str]]:
    """(18, “entries”) for each kind of row that hangs on the record and is worth telling; one statement."""
    told = [owned for owned in owned_by(subject) if owned.of.label[0]]
    parts = [
        f"(SELECT {place} AS place, count(*) AS n FROM (SELECT 1 FROM {owned.table} "  # noqa: S608
        f"WHERE {owned.column} = %(pk)s LIMIT {MOST + 1}) AS rows)"
        for place, owned in enumerate(told)
    ]
    found = ask(" UNION ALL ".join(parts), pk=pk) if parts else []
    return [(n, told[place].of.label[n != 1]) for place, n in sorted(found) if n]


def move(owned: Owned, loser: int, keeper: int) -> list[int]:
    """Give the loser's rows to the keeper; returns their ids. A keeper that hangs on the loser hangs on nobody then."""
    same = owned.model is owned.subject
    itself = "CASE WHEN t.id = %(keeper)s THEN NULL ELSE %(keeper)s END" if same else "%(keeper)s"
    rows = ask(
        f"""
        WITH locked AS MATERIALIZED (
            SELECT id FROM {owned.table} WHERE {owned.column} = %(loser)s ORDER BY id FOR NO KEY UPDATE)
        UPDATE {owned.table} t SET {owned.column} = {itself} FROM locked WHERE t.id = locked.id RETURNING t.id
        """,  # noqa: S608
        loser=loser, keeper=keeper,
    )  # fmt: skip
    return sorted(row[0] for row in rows)


def move_back(owned: Owned, ids: Sequence[int], loser: int, keeper: int) -> list[int]:
    """Give rows back that still are the keeper's; returns the ids of those that are somebody else's, or gone."""
    stands = f"({owned.column} = %(keeper)s" + (f" OR ({owned.column} IS NULL AND id = %(keeper)s))"
                                                if owned.model is owned.subject else ")")  # fmt: skip
    back = ask(
        f"""
        WITH locked AS MATERIALIZED (
            SELECT id FROM {owned.table} WHERE id = ANY(%(ids)s) AND {stands} ORDER BY id FOR NO KEY UPDATE)
        UPDATE {owned.table} t SET {owned.column} = %(loser)s FROM locked WHERE t.id = locked.id RETURNING t.id
        """,  # noqa: S608
        ids=list(ids), loser=loser, keeper=keeper,
    )  # fmt: skip
    # What history has given back already is where it should be.
    there = ask(f"SELECT id FROM {owned.table} WHERE id = ANY(%(ids)s) AND {owned.column} = %(loser)s",  # noqa: S608
                ids=list(ids), loser=loser)  # fmt: skip
    done = {row[0] for row in back} | {row[0] for row in there}
    return [pk for pk in ids if pk not in done]


def as_json(table: str, pk: int) -> dict[str, Any]:
    """A row as Postgres writes it in JSON, by column."""
    ((row,),) = ask(f"SELECT to_jsonb(t) FROM {table} t WHERE id = %(pk)s", pk=pk)  # noqa: S608
    return dict(json.loads(row))


def take(table: str, condition: str, **values: Any) -> list[dict[str, Any]]:
    """Delete rows and return them as JSON, for `put`."""
    gone = ask(f"DELETE FROM {table} t WHERE {condition} RETURNING to_jsonb(t)", **values)  # noqa: S608
    return [json.loads(row[0]) for row in gone]


def put(model: type[Model], rows: Sequence[dict[str, Any]]) -> int:
    """Insert rows that `take` has taken, under their ids, but where their place is taken; returns how many came."""
    if not rows:
        return 0
    table = model._meta.db_table
    columns = ", ".join(
        f'"{field.column}"' for field in model._meta.concrete_fields if not getattr(field, "generated", False)
    )
    came = ask(
        f"INSERT INTO {table} ({columns}) SELECT {columns} "  # noqa: S608
        f"FROM jsonb_populate_recordset(NULL::{table}, %(rows)s) ON CONFLICT DO NOTHING RETURNING id",
        rows=Jsonb(list(rows)),
    )
    return len(came)


def in_chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield list(ids[start : start + CHUNK])
