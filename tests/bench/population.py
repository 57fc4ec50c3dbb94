"""A database of customers as large as one asks for: made in chunks of set-based SQL, kept for the next run."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.management import call_command
from django.db import connection, models, transaction

from crm.web import clock
from tests.bench import database, rows

#: Raised whenever what is filled in changes; older databases are then made anew.
VERSION = 3
FEWEST = 1000
#: A population that has aged further shows other renewals and silences than it was made for.
KEPT = timedelta(days=14)
#: What one account and all that hangs on it takes with indexes, and the log that is written on the way, in bytes.
BYTES_EACH = 7_000


@dataclass(frozen=True)
class Population:
    """A filled database. All dates in it are relative to `anchor`."""

    accounts: int
    database: str
    anchor: datetime

    @property
    def ordinary(self) -> int:
        """Id of an account with about as many entries as any."""
        return self.accounts // 2 + 1

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Inside the block, Django's connection leads to it."""
        with database.using(self.database):
            yield


class Progress:
    """Rows, seconds and per cent on stderr, about once a second."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.started, self.told = total, 0, time.monotonic(), 0.0

    def add(self, rows: int, what: str) -> None:
        self.done += rows
        passed = time.monotonic() - self.started
        if passed - self.told >= 1 or self.done >= self.total:
            self.told = passed
            share = 100 * self.done // max(self.total, 1)
            sys.stderr.write(f"  {share:3d} %  {self.done:>11,} rows  {passed:6.1f} s  {what}\n")


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def prepare(accounts: int, *, fresh: bool = False) -> Population:
    """The population of that size: found, or made. One that was left half-filled is made anew."""
    name = database.name_of(accounts, VERSION)
    for old in database.outdated(accounts, VERSION):
        database.drop(old)
    if fresh or (database.exists(name) and not _finished(name)):
        database.drop(name)
    if not database.exists(name):
        gigabytes = accounts * BYTES_EACH / 1e9
        say(f"Filling {name}: {accounts:,} accounts, {accounts * 10:,} entries; takes about {gigabytes:.1f} GB of disk")
        database.create(name)
        with database.using(name):
            call_command("migrate", verbosity=0)
            fill(accounts, clock.now())
    else:
        with database.using(name):
            call_command("migrate", verbosity=0)
            _run("ANALYZE")
    anchor = _finished(name)
    assert anchor  # fill() has said so
    return Population(accounts, name, anchor)


def _finished(name: str) -> datetime | None:
    """The anchor of a population that is whole and young enough."""
    with database.using(name), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('bench_finished')")
        if cursor.fetchone()[0] is None:
            return None
        cursor.execute("SELECT max(anchor) FROM bench_finished")
        anchor: datetime | None = cursor.fetchone()[0]
    return anchor if anchor and clock.now() - anchor < KEPT else None


def fill(accounts: int, anchor: datetime) -> None:
    """Fill the current database, which has the product's tables and nothing in them. The last statement marks it."""
    stages = rows.stages(accounts)
    progress = Progress(sum(stage.upto for stage in stages))
    _run("SET synchronous_commit = off", "SET maintenance_work_mem = '512MB'", "SET jit = off", rows.PICK)
    with _bare({stage.table for stage in stages}):
        for stage in stages:
            statement, values = insertion(stage)
            for low in range(0, stage.upto, stage.chunk):
                high = min(low + stage.chunk, stage.upto)
                span = {"low": low + 1, "high": high, "n": accounts, "anchor": anchor}
                _run(statement, **values, **span)
                progress.add(high - low, stage.model._meta.verbose_name_plural)
        say("  building indexes")
    for stage in (stage for stage in stages if stage.numbered):
        _run(f"SELECT setval(pg_get_serial_sequence('{stage.table}', 'id'), (SELECT max(id) FROM {stage.table}))")
    say("  looking over the tables (VACUUM ANALYZE)")
    _run("VACUUM ANALYZE")
    _run("CREATE TABLE bench_finished (anchor timestamptz NOT NULL)")
    _run("INSERT INTO bench_finished VALUES (%(anchor)s)", anchor=anchor)
    _run("RESET ALL")


def insertion(stage: rows.Stage) -> tuple[str, dict[str, Any]]:
    """The statement, and parameters for the columns that the stage leaves to the model's defaults."""
    columns, values = dict(stage.columns), {}
    for field in stage.model._meta.concrete_fields:
        if field.column in columns or field.primary_key or isinstance(field, models.GeneratedField):
            continue
        if field.has_db_default():
            continue
        default = field.get_db_prep_save(field.get_default(), connection)
        if default is not None:
            columns[field.column] = f"%(default_{field.column})s"
            values[f"default_{field.column}"] = default
    source = stage.source or "generate_series(%(low)s::bigint, %(high)s::bigint) AS i"
    names, expressions = ", ".join(f'"{name}"' for name in columns), ", ".join(columns.values())
    return f"INSERT INTO {stage.table} ({names}) SELECT {expressions} FROM {source}", values


_KEYS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = current_schema()::regnamespace AND contype IN ('f', 'u', 'x')
        AND (conrelid::regclass::text = ANY (%(tables)s) OR confrelid::regclass::text = ANY (%(tables)s))
    ORDER BY contype DESC, conname
"""
_INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index x
    WHERE indrelid::regclass::text = ANY (%(tables)s)
        AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = x.indexrelid AND contype IN ('p', 'u', 'x'))
    ORDER BY 1
"""


@contextmanager
def _bare(tables: set[str]) -> Iterator[None]:
    """Without triggers, and without indexes and keys but the primary ones; they are built at the end, which is many
    times as quick."""
    keys, indexes = (_run(query, tables=sorted(tables)) for query in (_KEYS, _INDEXES))
    _run(*(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables))
    _run(*(f"ALTER TABLE {table} DROP CONSTRAINT {name}" for table, name, _ in reversed(keys)))
    _run(*(f"DROP INDEX {name}" for name, _ in indexes))
    yield
    _run(*(f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in tables))
    progress = Progress(len(indexes) + len(keys))
    for name, definition in indexes:
        _run(definition)
        progress.add(1, name)
    for table, name, definition in keys:
        _run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        progress.add(1, name)


def _run(*statements: str, **values: Any) -> list[tuple[Any, ...]]:
    """Each in a transaction of its own; returns what the last one found."""
    found: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        assert not transaction.get_connection().in_atomic_block  # what is done stays done
        for statement in statements:
            cursor.execute(statement, values or None)
            found = cursor.fetchall() if cursor.description else []
    return found
