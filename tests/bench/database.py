"""Databases of the bench's own, on the server that DATABASE_URL names. No other database is ever touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from psycopg import sql

from retention.workflows import published

PREFIX = "holdfast_bench_"


def name_of(accounts: int, version: int) -> str:
    """Other versions of the population have databases of other names."""
    return f"{PREFIX}{version}_{accounts}"


@contextmanager
def using(name: str) -> Iterator[None]:
    """Inside the block, Django's connection of this thread leads to the database `name`."""
    before = connection.settings_dict["NAME"]
    _lead_to(name)
    try:
        yield
    finally:
        _lead_to(before)


def _lead_to(name: str) -> None:
    connection.close()
    if "pool" in connection.settings_dict["OPTIONS"]:
        connection.close_pool()
    connection.settings_dict["NAME"] = name
    published.of_version.cache_clear()  # versions of workflows have the same numbers there, and say something else


def exists(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return cursor.fetchone() is not None


def outdated(accounts: int, version: int) -> list[str]:
    """Databases of as many accounts that were made by other versions of the population."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname ~ %s", [f"^{PREFIX}[0-9]+_{accounts}$"])
        return [name for (name,) in cursor.fetchall() if name != name_of(accounts, version)]


def create(name: str) -> None:
    _run("CREATE DATABASE {} TEMPLATE template0", name)


def copy(source: str, name: str) -> None:
    """All of a database that nobody is connected to."""
    with connection.cursor() as cursor:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        cursor.execute(statement.format(sql.Identifier(name), sql.Identifier(source)).as_string(cursor.connection))


def drop(name: str) -> None:
    """Also while somebody is still connected to it. Only databases of the bench."""
    if not name.startswith(PREFIX):
        raise ValueError(f"{name} is no database of the bench")
    _run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _run(statement: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(sql.Identifier(name)).as_string(cursor.connection))
