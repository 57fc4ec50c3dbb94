"""What Postgres needs to answer questions about fields: made and dropped beside everybody's work, by a worker.

For each field what its values are like (extended statistics, which cost a change nothing): without it Postgres takes
whatever is asked to be frequent, and walks a million names to find the one that has it. For those that are often asked
for indexes as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import connection
from django.db.models import Expression, Index
from django.db.models.sql import Query

from crm.fields import known
from crm.fields.asking import expression, sorted_by
from crm.fields.rules import Definition
from crm.slots import custom_subjects, filter_subjects

#: Of one subject. Each is written anew with every change of a record.
MOST = 12
_NAMED = "custom_field_"
#: Only one worker builds; whoever comes second has nothing to do.
_ALONE = "crm.fields.indexes"

_KNOWN = "SELECT stxname FROM pg_statistic_ext WHERE stxrelid = %s::regclass AND starts_with(stxname, %s)"
_THERE = """
    SELECT index.relname, pg_index.indisvalid FROM pg_index
    JOIN pg_class index ON index.oid = pg_index.indexrelid
    WHERE indrelid = %s::regclass AND starts_with(index.relname, %s)
"""


def indexes_of(of: Definition) -> list[Index]:
    """What filters and sorts by the field ask for."""
    name, values = f"{_NAMED}{of.id}", expression(of)
    if of.kind.asked == "options":
        return [GinIndex(values, name=name)]
    if of.kind.asked != "text":
        return [Index(values, "id", name=name)]
    words = GinIndex(OpClass(sorted_by(of), "gin_trgm_ops"), name=f"{name}_words")
    return [words, Index(sorted_by(of), "id", name=name)] if of.kind.sorts else [words]


def ready(fields: list[Definition]) -> set[int]:
    """Ids of the fields whose indexes are all there."""
    there = {name for subject in {of.subject for of in fields} for name, valid in _there(subject).items() if valid}
    return {of.id for of in fields if all(index.name in there for index in indexes_of(of))}


def work(now: datetime) -> int:
    """One step. 0: all stands, or somebody else is at it.

    Nothing inside a transaction: that would hold the tables of everybody, and Postgres refuses it beside rows whose
    triggers wait.
    """
    if connection.in_atomic_block or not _take():
        return 0
    try:
        with _unhurried():
            return int(step())
    finally:
        _give_back()


def step() -> bool:
    """Make one thing that is missing, or drop one that nobody wants or that was left unfinished. False: all stands."""
    return any(_study(subject) or _index(subject) for subject in custom_subjects.names())


def _study(subject: str) -> bool:
    """Keep statistics of the fields that are in use, and of no others. Whether there was something to do."""
    model = filter_subjects[subject].model
    table = model._meta.db_table
    wanted = {f"{_NAMED}{of.id}": sorted_by(of) for of in known.fields(subject)}
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [table, _NAMED])
        there = {name for (name,) in cursor.fetchall()}
        for name in there - wanted.keys():
            cursor.execute(f'DROP STATISTICS IF EXISTS "{name}"')
        for name in wanted.keys() - there:
            cursor.execute(f'CREATE STATISTICS "{name}" ON ({_sql(model, wanted[name])}) FROM "{table}"')
        if wanted.keys() - there:
            cursor.execute(f'ANALYZE "{table}"')
    return wanted.keys() != there


def _sql(model: Any, asked: Expression) -> str:
    query = Query(model, alias_cols=False)
    sql, parameters = query.get_compiler(connection=connection).compile(asked.resolve_expression(query))
    assert not parameters, "keys stand in the statement itself"
    return str(sql)


def _index(subject: str) -> bool:
    """As `_study`, one index at a time."""
    wanted, there = _wanted(subject), _there(subject)
    for name, valid in there.items():
        if name not in wanted or not valid:
            _drop(name)
            return True
    for name, index in wanted.items():
        if name not in there:
            _build(filter_subjects[subject].model, index)
            return True
    return False


def next_due(now: datetime) -> datetime | None:
    """Nothing falls due by itself: an admin asks for it."""
    return None


def _wanted(subject: str) -> Mapping[str, Index]:
    return {index.name: index for of in known.fields(subject) if of.often for index in indexes_of(of)}


def _there(subject: str) -> dict[str, bool]:
    """Name → whether it is finished, of ours on the subject's table."""
    table = filter_subjects[subject].model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(_THERE, [table, _NAMED])
        return dict(cursor.fetchall())


@contextmanager
def _unhurried() -> Iterator[None]:
    """Without the limit of other statements (DB_STATEMENT_TIMEOUT_MS): cut off, an index would be begun for ever."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET statement_timeout")


def _take() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [_ALONE])
        return bool(cursor.fetchone()[0])


def _give_back() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [_ALONE])


def _build(model: Any, index: Index) -> None:
    """Nobody waits for it."""
    beside = not connection.in_atomic_block
    with connection.schema_editor(atomic=False) as editor:
        editor.add_index(model, index, **({"concurrently": True} if beside else {}))
    with connection.cursor() as cursor:
        cursor.execute(f'ANALYZE "{model._meta.db_table}"')  # what the expression's values are like


def _drop(name: str) -> None:
    beside = "" if connection.in_atomic_block else "CONCURRENTLY"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP INDEX {beside} IF EXISTS "{name}"')
