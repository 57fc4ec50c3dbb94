"""A database session in which the real tables are out of reach: what a rehearsal writes, it writes in front of them.

Postgres looks into a session's temporary tables first, so that the engine's own SQL finds the shadows. Everything else
can only be read: once the shadows stand, all transactions of the session are READ ONLY, which Postgres keeps for all
tables but temporary ones. No lock is taken either: a row of a table that others see cannot be locked without writing
to it, and advisory locks are answered by functions of the session. The session ends with the rehearsal and goes back to
no pool, so that its tables are gone with it, also when the process is killed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

# Nobody else sees these tables, so that nobody can stand in the way.
_ROW_LOCK = re.compile(
    r"\s+FOR (?:NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)\b(?: OF \"?\w+\"?(?:, ?\"?\w+\"?)*)?(?: NOWAIT| SKIP LOCKED)?"
)
_TURN = re.compile(r"\b(?<!\.)pg_(try_)?advisory_(\w+)\(")
_TURNS = ("lock", "lock_shared", "xact_lock", "xact_lock_shared", "unlock", "unlock_shared")

#: What is added to such a table goes beside it, and both are read as one: see `Session.add_beside`.
ADDED = "added_"
_ADDING = re.compile(r'(INSERT INTO\s+)"?(\w+)"?')


#: Its tables lie in memory and are looked over again and again while they grow; a small sample tells enough of them.
_PLANNING = ("default_statistics_target = 10", "random_page_cost = 1.1", "jit = off", "work_mem = '32MB'")


@contextmanager
def opened() -> Iterator[Session]:
    """A session that Django's connection leads to inside the block, closed for good at its end."""
    outer = connections[DEFAULT_DB_ALIAS]
    inner = outer.copy()
    inner.settings_dict["OPTIONS"].pop("pool", None)  # a pool would hand the session on, tables and all
    session = Session(inner)
    connections[DEFAULT_DB_ALIAS] = inner
    try:
        with inner.execute_wrapper(session.rewrite):
            session.prepare()
            yield session
    finally:
        connections[DEFAULT_DB_ALIAS] = outer
        inner.close()


class Session:
    """The session, and what stands in it in front of the real tables."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.shadows: set[str] = set()
        self._beside: set[str] = set()
        self._outside: re.Pattern[str] | None = None
        self._whole: dict[str, str] = {}

    def prepare(self) -> None:
        self.run("SET temp_buffers = '64MB'")  # before the first temporary table
        for setting in _PLANNING:
            self.run(f"SET {setting}")
        self.run("SET statement_timeout = '120s'")
        self.run("SET idle_in_transaction_session_timeout = '120s'")
        for turn in _TURNS:
            for tries, gives in (("", "boolean" if "unlock" in turn else "void"), ("try_", "boolean")):
                for takes in ("bigint", "int, int"):
                    self.run(
                        f"CREATE FUNCTION pg_temp.pg_{tries}advisory_{turn}({takes}) RETURNS {gives}"
                        f" LANGUAGE sql IMMUTABLE AS 'SELECT {'true' if gives == 'boolean' else 'NULL::void'}'"
                    )

    def run(self, sql: str, values: Any = None) -> int:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return int(cursor.rowcount)

    def rows(self, sql: str, values: Any = None) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    # Shadows ----------------------------------------------------------------------------------------------------------

    def shadow(self, table: str, *, indexes: tuple[str, ...] = (), where: str = "", values: Any = None) -> None:
        """Put an own table in front of this one, with those of its rows; without `where` with none."""
        self._like(table, table, indexes)
        self.shadows.add(table)
        if where:
            self.fill(table, where, values)

    def fill(self, table: str, where: str, values: Any = None, **instead: str) -> int:
        """Copy rows of the real table into its shadow, `instead` of some columns these expressions."""
        names = self.columns(table)
        chosen = ", ".join(instead.get(name, f't."{name}"') for name in names)
        listed = ", ".join(f'"{name}"' for name in names)
        return self.run(
            f"INSERT INTO pg_temp.{table} ({listed}) SELECT {chosen} FROM public.{table} t WHERE {where}"  # noqa: S608
            " ON CONFLICT DO NOTHING",
            values,
        )

    def add_beside(self, table: str, only: str = "true", **instead: str) -> None:
        """Rows that are added stand beside those of the real table, of which `only` some are seen."""
        self._like(table, ADDED + table, ())
        shown = ", ".join(f"{instead[name]} AS {name}" if name in instead else f't."{name}"'
                          for name in self.columns(table, all_of_them=True))  # fmt: skip
        where = "" if only == "true" else f" WHERE {only}"  # a bare union is read as one table, with its indexes
        self.run(
            f"CREATE TEMP VIEW {table} AS SELECT {shown} FROM public.{table} t{where}"  # noqa: S608
            f" UNION ALL SELECT * FROM pg_temp.{ADDED}{table}"
        )
        self._beside.add(table)

    def _like(self, table: str, name: str, indexes: tuple[str, ...]) -> None:
        """An empty table of the same form, with its unique keys and the named indexes: others would only cost."""
        self.run(f"CREATE TEMP TABLE {name} (LIKE public.{table} INCLUDING ALL EXCLUDING INDEXES)")
        found = self.rows(
            "SELECT indexrelid::regclass::text, indisunique, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid = %s::regclass", [f"public.{table}"],
        )  # fmt: skip
        for index, unique, sql in found:
            if unique or index.removeprefix("public.") in indexes:
                self.run(re.sub(r" INDEX \S+ ON \S+ ", f" INDEX ON pg_temp.{name} ", sql, count=1))
        if key := self.rows("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attidentity <> ''",
                            [f"public.{table}"]):  # fmt: skip
            column = key[0][0]
            self.run(
                f"SELECT setval(pg_get_serial_sequence('pg_temp.{name}', '{column}'),"  # noqa: S608
                f" (SELECT coalesce(max({column}), 0) + 1 FROM public.{table}), false)"
            )

    def columns(self, table: str, *, all_of_them: bool = False) -> list[str]:
        """Those that can be written, in their order, or all."""
        return [
            name
            for name, generated in self.rows(
                "SELECT attname, attgenerated <> '' FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                " AND NOT attisdropped ORDER BY attnum",
                [f"public.{table}"],
            )
            if all_of_them or not generated
        ]

    def close_off(self) -> None:
        """From here on nothing but the shadows can be written."""
        self.run("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")

    def reopen(self) -> None:
        """What the rehearsal came to may be written: the last thing that the session does."""
        self.run("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")

    # What its statements become ---------------------------------------------------------------------------------------

    def rewrite(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if isinstance(sql, str):
            sql = _ROW_LOCK.sub("", _TURN.sub(r"pg_temp.pg_\1advisory_\2(", sql))
            sql = _ADDING.sub(self._add, sql)
            if self._outside:
                sql = self._outside.sub(lambda found: self._whole[found[1]], sql)
        return execute(sql, params, many, context)

    def _add(self, found: re.Match[str]) -> str:
        return f"{found[1]}{ADDED}{found[2]}" if found[2] in self._beside else found[0]

    @contextmanager
    def outside(self, whole: dict[str, str]) -> Iterator[None]:
        """Inside the block statements see these instead of the shadows, which hold only those in scope."""
        self._whole = whole
        self._outside = re.compile(rf'(?<![\w.])"?({"|".join(whole)})"?(?!\w)') if whole else None
        try:
            yield
        finally:
            self._outside = None
