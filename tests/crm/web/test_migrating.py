"""Migrations beside people at work: they let go of a table in use, and an index half built is built again.

What had a part of the migrations that are one by now is sent to a version that still has them. Changes made at once
are those made one by one.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.commands import migrate
from django.db import OperationalError, connection, migrations, models
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ModelState, ProjectState
from psycopg.errors import LockNotAvailable

from crm.timeline.models import Pending, TimelineEntry
from crm.web.migrating import AddIndexBeside, AtOnce, CreateTables, together


def _patience() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_a_migration_waits_two_seconds_for_a_table_and_says_what_to_do(monkeypatch: Any) -> None:
    seen = []

    def waits(self: Any, *args: Any, **options: Any) -> None:
        seen.append(_patience())
        raise OperationalError("canceling statement due to lock timeout") from LockNotAvailable()

    before = _patience()
    monkeypatch.setattr(migrate.Command, "handle", waits)
    with pytest.raises(CommandError, match="Run migrate again"):
        call_command("migrate", verbosity=0)
    assert (seen, _patience()) == (["2s"], before)


@pytest.mark.django_db
@pytest.mark.parametrize(("app", "last"), [("crm", "0053_importdoor"), ("retention", "0008_usage_index")])
def test_a_database_that_stands_in_the_midst_of_what_is_one_now_is_refused(
    monkeypatch: Any, app: str, last: str
) -> None:
    monkeypatch.setattr(migrate.Command, "handle", lambda *args, **options: pytest.fail("it began"))
    had = MigrationRecorder(connection).migration_qs.filter(app=app)
    had.filter(name__in=[last, f"0001_squashed_{last}"]).delete()
    with pytest.raises(CommandError, match=rf"not had {app}\.{last}, .* the file {app}/migrations/{last}\.py"):
        call_command("migrate", verbosity=0)
    had.delete()
    with pytest.raises(pytest.fail.Exception, match="it began"):  # nothing of it there: it is made whole
        call_command("migrate", verbosity=0)


def _index() -> tuple[int, bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexrelid, indisvalid FROM pg_index WHERE indexrelid = 'pending_suspect'::regclass")
        oid, valid = cursor.fetchone()
        return int(oid), bool(valid)


@pytest.mark.django_db(transaction=True)
def test_an_index_that_stands_stays_and_one_half_built_is_built_again() -> None:
    state = ProjectState()
    for model in (TimelineEntry, Pending):
        state.add_model(ModelState.from_model(model, exclude_rels=True))
    index = next(each for each in Pending._meta.indexes if each.name == "pending_suspect")
    build = AddIndexBeside("pending", index)

    def run() -> None:
        with connection.schema_editor(atomic=False) as editor:
            build.database_forwards("crm", editor, state, state)

    before = _index()
    run()
    assert _index() == before
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s", [before[0]])
    run()
    assert _index() != before
    assert _index()[1]
    assert _patience() == "0"


def _add(table: str, column: str) -> migrations.AddField:
    return migrations.AddField(table, column, models.TextField(default=""))


def _alter(table: str, column: str) -> migrations.AlterField:
    return migrations.AlterField(table, column, models.TextField(default="?"))


def _table(name: str) -> migrations.CreateModel:
    return migrations.CreateModel(name, [("id", models.BigAutoField(primary_key=True))])


def _indexed(table: str) -> migrations.AddIndex:
    return migrations.AddIndex(table, models.Index(fields=["id"], name=f"of_{table}"))


def _code() -> migrations.RunPython:
    return migrations.RunPython(migrations.RunPython.noop)


@pytest.mark.parametrize(
    ("changes", "sizes"),
    [
        ([], []),
        ([_add("a", "x"), _add("a", "y"), _add("b", "x"), _indexed("a")], [4]),
        ([_add("a", "x"), _code(), _code(), _add("a", "y"), _indexed("a")], [1, 1, 1, 2]),
        ([_add("a", "x"), migrations.RenameField("a", "x", "z"), _alter("a", "z")], [1, 1, 1]),
        ([_add("a", "x"), _alter("a", "x"), _alter("a", "y"), _alter("A", "X")], [1, 2, 1]),
        ([_add("a", "x"), _table("B"), _table("C"), _indexed("b"), _indexed("c")], [3, 2]),
        ([CreateTables([_table("B"), _table("C")]), _indexed("a"), _indexed("c"), _add("b", "x")], [2, 2]),
    ],
)
def test_changes_that_need_no_state_between_them_stand_together(changes: list[Any], sizes: list[int]) -> None:
    found = list(together(changes))
    assert [change for each in found for change in each] == changes
    assert [len(each) for each in found] == sizes


@pytest.mark.django_db
def test_made_at_once_they_are_what_django_makes_one_by_one() -> None:
    written = {}
    for kind in (migrations.Migration, AtOnce):
        migration, state = kind("0002_more", "crm"), ProjectState()
        changes = [_table("B"), _add("a", "x"), _add("b", "x"), _indexed("b"), _alter("a", "x"), _add("b", "y")]
        vars(migration)["operations"] = changes
        state.add_model(ModelState("crm", "A", [("id", models.BigAutoField(primary_key=True))]))
        with connection.schema_editor(collect_sql=True) as editor:
            after = migration.apply(state, editor)
        assert migration.operations is changes  # taken back, they go one by one
        assert set(after.models["crm", "b"].fields) == {"id", "x", "y"}
        written[kind] = editor.collected_sql
    assert written[AtOnce] == written[migrations.Migration] != []
