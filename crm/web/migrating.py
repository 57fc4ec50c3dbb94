"""What migrations use: indexes that are built beside everybody's work, many tables and many changes made at once.

Migrations that many databases have had may become one, which names them in its `replaces`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connections, migrations
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddConstraint, AddField, AddIndex, AlterField, CreateModel, RemoveIndex
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder
from pgtrigger.migrations import AddTrigger, RemoveTrigger

_STANDING = """
    SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relname = %s AND pg_table_is_visible(c.oid)
"""


class AddIndexBeside(AddIndexConcurrently):
    """Build an index while others read and write the table; the migration is not atomic.

    It may be run again: what an earlier run left half built goes first, and what stands already stays. It waits for
    transactions that are older than itself as long as they last, since nobody waits behind it.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._ensure_not_in_transaction(schema_editor)
        name = schema_editor.quote_name(self.index.name)
        with connections[schema_editor.connection.alias].cursor() as cursor:
            cursor.execute(_STANDING, [self.index.name])
            standing = cursor.fetchone()
            if standing == (True,):
                return
            cursor.execute("SHOW lock_timeout")
            (patience,) = cursor.fetchone()
            cursor.execute("SET lock_timeout = 0")
            try:
                if standing:
                    cursor.execute(f"DROP INDEX CONCURRENTLY {name}")
                super().database_forwards(app_label, schema_editor, from_state, to_state)
            finally:
                cursor.execute("SELECT set_config('lock_timeout', %s, false)", [patience])


class CreateTables(Operation):
    """Make new tables with their indexes, constraints and triggers; they may point at each other as they like.

    Django works out every model anew for each table that is added to those before it: of two hundred tables, that is
    nearly all of the time. Here that happens once, when all are known. Keys are written when all tables stand, as
    Postgres has it of any of Django's migrations, so the order of the tables is free.
    """

    reversible = False

    def __init__(self, tables: Sequence[CreateModel]) -> None:
        self.tables = tables

    def state_forwards(self, app_label: str, state: Any) -> None:
        vars(state).pop("apps", None)
        for table in self.tables:
            table.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for table in self.tables:
            table.database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Create {len(self.tables)} tables"


class AtOnce(migrations.Migration):
    """A migration of several changes, for all of which Django works out the models once, as `CreateTables` has it.

    What is written to the database is the same, in the same order. Code (`RunPython`) sees the tables as they are
    where it stands. Taken back, it goes change by change.
    """

    def apply(self, project_state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
        one_by_one = self.operations
        vars(self)["operations"] = [_Together(each) if len(each) > 1 else each[0] for each in together(one_by_one)]
        try:
            return super().apply(project_state, schema_editor, collect_sql)
        finally:
            vars(self)["operations"] = one_by_one


class _Together(Operation):
    def __init__(self, changes: Sequence[Any]) -> None:
        self.changes = changes

    def state_forwards(self, app_label: str, state: Any) -> None:
        vars(state).pop("apps", None)
        for change in self.changes:
            change.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for change in self.changes:
            change.database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return "; ".join(change.describe() for change in self.changes)


#: Changes that need not know what the tables are like between them.
_PLAIN = (
    AddConstraint, AddField, AddIndex, AddTrigger, AlterField, CreateModel, CreateTables, RemoveIndex, RemoveTrigger,
)  # fmt: skip


def together(changes: Sequence[Any]) -> Iterator[list[Any]]:
    """The same changes in the same order, next to each other those that can be made of one state.

    A table is made with all that its model has in the end, so what is added to it afterwards is not one with it; nor
    are two changes of one column.
    """
    present, made, fields = list[Any](), set[str](), set[tuple[str, str]]()
    for change in changes:
        table = getattr(change, "model_name_lower", "")
        field = {(table, change.name_lower)} if isinstance(change, (AddField, AlterField)) else set[tuple[str, str]]()
        plain = isinstance(change, _PLAIN)
        if present and (not plain or table in made or field & fields):
            yield present
            present, made, fields = [], set(), set()
        if not plain:
            yield [change]
            continue
        present.append(change)
        fields |= field
        if isinstance(change, CreateModel):
            made.add(change.name_lower)
        elif isinstance(change, CreateTables):
            made |= {one.name_lower for one in change.tables}
    if present:
        yield present


def applied(connection: BaseDatabaseWrapper) -> set[tuple[str, str]]:
    """App and name of each migration that this database has had."""
    return set(MigrationRecorder(connection).applied_migrations())


def known() -> set[tuple[str, str]]:
    """App and name of each migration of this version, and of those that have become part of one."""
    here = MigrationLoader(None).disk_migrations
    return {*here, *(former for each in here.values() for former in each.replaces)}


def cut_off(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """What this database lacks of migrations that have become one, where it has had others of the same; in order.

    Such a database can go on neither from where it stands, since they are gone, nor from the beginning.
    """
    had = applied(connection)
    here = MigrationLoader(None).disk_migrations.values()
    halves = [former for each in here if had.intersection(each.replaces) for former in each.replaces]
    return [former for former in halves if former not in had]
