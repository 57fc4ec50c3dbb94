"""Waiting one's turn: locks by a name that no row stands for."""

from __future__ import annotations

from django.db import connection


def take_turns(name: str) -> None:
    """Until the end of the caller's transaction nobody else is past this with the same name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
