"""Migrations that a large house can run while people work in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader

#: Tables that were made up to these may be large where a later migration runs.
LARGE_SINCE = {"crm": 53, "retention": 8}

_INDEX = re.compile(r"create\s+(unique\s+)?index\s+(?!concurrently)", re.IGNORECASE)


def _operations(given: list[Any]) -> Iterator[Any]:
    for each in given:
        if isinstance(each, migrations.SeparateDatabaseAndState):
            yield from _operations(each.database_operations)
        else:
            yield each


def _locks_out(operation: Any, made: set[str]) -> bool:
    """Whether it reads a table that was there before, for an index or a key, while nobody can write to it."""
    if isinstance(operation, migrations.RunSQL):
        return bool(_INDEX.search(str(operation.sql)))
    if getattr(operation, "model_name_lower", None) in made:
        return False
    match operation:
        case migrations.AddIndex():
            return not isinstance(operation, AddIndexConcurrently)
        case migrations.AddConstraint():
            return isinstance(operation.constraint, models.UniqueConstraint)
        case migrations.AddField():
            return bool(operation.field.db_index or operation.field.unique)
        case migrations.AlterField():  # its foreign key is made anew, whatever changes of it
            return isinstance(operation.field, models.ForeignKey)
    return False


def offenders(given: dict[str, list[Any]]) -> list[str]:
    """Of these migrations, by name; tables that one of them makes are small for all of them."""
    flat = [(name, each) for name, operations in given.items() for each in _operations(operations)]
    made = {each.name_lower for _, each in flat if isinstance(each, migrations.CreateModel)}
    return [f"{name}: {each.describe()}" for name, each in flat if _locks_out(each, made)]


def test_indexes_on_tables_that_are_there_are_built_concurrently() -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    late = {
        f"{app}.{name}": migration.operations
        for (app, name), migration in loader.disk_migrations.items()
        if app in LARGE_SINCE and int(name[:4]) > LARGE_SINCE[app]
    }
    assert {app for app, _ in loader.disk_migrations} >= set(LARGE_SINCE)
    assert offenders(late) == []


def test_the_test_sees_them() -> None:
    index = models.Index(fields=["name"], name="by_name")
    table = migrations.CreateModel("Fresh", [("id", models.BigAutoField(primary_key=True))])
    fine = [migrations.AddIndex("fresh", index), AddIndexConcurrently("account", index),
            migrations.RunSQL("CREATE INDEX CONCURRENTLY x ON y (z)")]  # fmt: skip
    wrong = [
        migrations.AddIndex("account", index),
        migrations.AddConstraint("account", models.UniqueConstraint("name", name="once")),
        migrations.AddField("task", "account", models.ForeignKey("crm.Account", models.CASCADE)),
        migrations.AlterField("task", "account", models.ForeignKey("crm.Account", models.CASCADE, db_index=False)),
        migrations.SeparateDatabaseAndState(database_operations=[migrations.RunSQL("create index x on y (z)")]),
    ]
    assert offenders({"one": [table], "two": fine}) == []
    assert len(offenders({"x": wrong})) == len(wrong)
