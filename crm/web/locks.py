"""Rows held until a transaction ends, and waiting one's turn by a name that no row stands for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.models import Model, QuerySet


def held[M: Model](rows: QuerySet[M], **how: bool) -> QuerySet[M]:
    """These rows, each ours until the end of the transaction, and none of those that they point at; `how` is as in
    `select_for_update`.

    A row that somebody was changing is read again once it is ours; rows joined to it are not, and are what they were
    before, or missing where it points elsewhere by now. So nothing that is locked is read together with others: what it
    points at is asked for afterwards, as it is used or by `prefetch_related`.
    """
    return rows.select_related(None).select_for_update(of=("self",), **how)


def take_turns(name: str) -> None:
    """Until the end of the caller's transaction nobody else is past this with the same name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether nobody else is inside with the same name just now: nobody waits. It spans transactions, keeps none open,
    and ends with the connection, so whoever dies inside stands in nobody's way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 1))", [name])
        (mine,) = cursor.fetchone()
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 1))", [name])
