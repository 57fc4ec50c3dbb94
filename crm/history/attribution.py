"""To whom Postgres puts down what changes: the trigger's function `crm_history_act` reads what is set here.

What is set lasts until the transaction ends, so that no connection carries it to somebody else. Inside an act the act
itself is set, once. Outside of one, each statement that could change a tracked row is preceded, in the same round trip,
by who is at work and by which door; statements of other tables, and pages that only read, cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connection

from crm.history.models import Act, Door
from crm.history.tracking import tracked
from crm.web import clock


@dataclass(frozen=True)
class Doing:
    """Who is at work when no act says so. Asked when a row changes: an API request knows its user late."""

    door: Callable[[], str]
    by: Callable[[], int | None]


_doing: ContextVar[Doing | None] = ContextVar("doing", default=None)
_act: ContextVar[Act | None] = ContextVar("act", default=None)


def present_door() -> str:
    """By which door whoever is at work has come."""
    doing = _doing.get()
    return doing.door() if doing else Door.DATABASE


def present_act() -> Act | None:
    """The act inside which we are."""
    return _act.get()


@contextmanager
def through(door: str | Callable[[], str], by: Callable[[], int | None] = lambda: None) -> Iterator[None]:
    """What changes inside the block, outside of acts, is put down to `by` and `door`."""
    token = _doing.set(Doing(door if callable(door) else lambda: door, by))
    try:
        with connection.execute_wrapper(_with_name):
            yield
    finally:
        _doing.reset(token)
    if connection.connection is not None and connection.in_atomic_block and not connection.needs_rollback:
        _forget()  # a transaction around this block, as in tests, goes on


@contextmanager
def inside(act: Act) -> Iterator[None]:
    """What changes inside the block belongs to the act. The caller has begun a transaction."""
    token = _act.set(act)
    try:
        _set({"holdfast.act": str(act.pk), "pgtrigger.ignore": "{}"})
        yield
        _forget()  # an error takes the setting back with the savepoint
    finally:
        _act.reset(token)


def _forget() -> None:
    _set(dict.fromkeys(("holdfast.act", "holdfast.by", "holdfast.door", "holdfast.at"), ""))


def _set(values: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        parts = ", ".join(["set_config(%s, %s, true)"] * len(values))
        cursor.execute(f"SELECT {parts}", [part for pair in values.items() for part in pair])


def _with_name(execute: Any, statement: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    doing = _doing.get()
    if doing is None or _act.get() or many or not isinstance(statement, str) or not _may_change(statement):
        return execute(statement, params, many, context)
    by, door, at = doing.by(), Door(doing.door()).value, clock.now().isoformat()
    named = f"SELECT set_config('holdfast.by', '{by or ''}', true), set_config('holdfast.door', '{door}', true), "
    done = execute(f"{named}set_config('holdfast.at', '{at}', true); {statement}", params, many, context)
    cursor = context["cursor"].cursor
    while cursor.nextset():  # to the answer of the statement itself
        pass
    return done


def _may_change(statement: str) -> bool:
    return not statement.startswith("SELECT") and any(table in statement for table in _tables())


@cache
def _tables() -> tuple[str, ...]:
    return tuple(of.table for of in tracked())
