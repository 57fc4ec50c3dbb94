"""Crashes between any two things that are said to the database: an exception, or the death of the process.

They count statements and commits, so they know nothing of how the product is built and hit every point in it.
"""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from django.db import OperationalError, connection, connections


class Crash(Exception):
    """Thrown in the middle of something."""


class LostCommit(Crash, OperationalError):
    """A commit of which nobody hears whether it was done: a database says so in this way, and Django counts on it."""


@contextlib.contextmanager
def failing(number: int, fail: Callable[[type[Crash]], None], *, afterwards: bool) -> Iterator[None]:
    """At the `number`-th statement or commit, `fail` before it, or after it was done but before anybody heard so."""
    counted = 0

    def tell(act: Callable[[], Any], crash: type[Crash] = Crash) -> Any:
        nonlocal counted
        counted += 1
        mine = counted == number
        if mine and not afterwards:
            fail(crash)
        told = act()
        if mine and afterwards:
            fail(crash)
        return told

    def execute(run: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        return tell(lambda: run(sql, params, many, context))

    connection.ensure_connection()
    commit = connection._commit  # type: ignore[attr-defined]
    connection._commit = lambda: tell(commit, LostCommit)  # type: ignore[attr-defined]
    try:
        with connection.execute_wrapper(execute):
            yield
    finally:
        del connection._commit  # type: ignore[attr-defined]


def thrown_into(action: Callable[[], None], number: int, *, afterwards: bool) -> None:
    """Do it with an exception thrown into it; one that comes out again is what workers live with."""

    def fail(crash: type[Crash]) -> None:
        raise crash

    with contextlib.suppress(Crash), failing(number, fail, afterwards=afterwards):
        action()


def killed_in(action: Callable[[], None], number: int, *, afterwards: bool) -> None:
    """Do it in a process of its own that dies at once on the way, as by kill -9."""
    connections.close_all()  # a child must not speak on its parent's connection
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        child = os.fork()  # the mail server's thread stays with the parent, and nothing of it is needed here
    if child == 0:
        with contextlib.suppress(BaseException), failing(number, lambda _: os._exit(9), afterwards=afterwards):
            action()
        os._exit(0)
    os.waitpid(child, 0)
    _wait_until_alone()


def _wait_until_alone() -> None:
    """The database notices a moment later that somebody is gone."""
    with connection.cursor() as cursor:
        for _ in range(500):
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                           " AND backend_type = 'client backend' AND pid <> pg_backend_pid()")  # fmt: skip
            if not cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("somebody else still speaks to the test's database")
