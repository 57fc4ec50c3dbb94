"""Who else may be at work on two records that are merged, and in which order they are waited for.

Files first (the lock that all imports share, so merges also queue behind one another), then the gate of the mail, then
the records in the order of their ids, without the right to delete; then what hangs on them, and the record that goes
last. So whoever holds one of its tasks or enrollments, and wants to add another, is waited for and never waits for us.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, LockNotAvailable

from crm.accounts.models import Alias
from crm.duplicates.merging.rows import ask
from crm.duplicates.models import RECORDS
from crm.history.actions import UndoError
from crm.outbox.actions import close_the_gate
from crm.slots import FILES_LOCK

#: Whoever asked waits no longer than this for somebody else's work.
PATIENCE_MS = 8_000
#: A deadlock ends one of the two, at random; the one who is ended begins again, so often.
ATTEMPTS = 4


class NotPossible(UndoError):
    """It cannot be done now; the sentence says why and what to do. Nothing was changed."""


class Busy(NotPossible):
    """Somebody else works on the same rows."""


class Gone(NotPossible):
    """A record is not there any more. `now_at` is the one that it became part of, if it did."""

    def __init__(self, sentence: str, now_at: int | None = None) -> None:
        super().__init__(sentence)
        self.now_at = now_at


def undeterred[**P, R](verb: Callable[P, R]) -> Callable[P, R]:
    """The verb in one transaction, begun again when Postgres ended it to undo a knot. Raises Busy."""

    @wraps(verb)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with transaction.atomic():
                    return verb(*args, **kwargs)
            except OperationalError as error:
                if not isinstance(error.__cause__, (DeadlockDetected, LockNotAvailable)):
                    raise
                if isinstance(error.__cause__, LockNotAvailable) or attempt == ATTEMPTS:
                    raise Busy(
                        "Somebody else is at work on the same records, perhaps an import. Nothing was changed: try "
                        "again in a minute."
                    ) from error
        raise AssertionError("unreachable")

    return wrapped


@contextmanager
def alone() -> Iterator[None]:
    """No file is written, no other merge is made and no mail leaves until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{PATIENCE_MS}ms"])
        cursor.execute(f"SELECT pg_advisory_xact_lock({FILES_LOCK})")
    close_the_gate()
    yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', '0', true)")


def two(subject: str, keeper: int, loser: int) -> tuple[Any, Any]:
    """Both records, locked. Raises Gone."""
    model = RECORDS[subject]
    found = {row.pk: row for row in model.objects.filter(pk__in=[keeper, loser]).order_by("pk").select_for_update(
        of=("self",), no_key=True)}  # fmt: skip
    for pk in (keeper, loser):
        if pk not in found:
            at = Alias.holder(subject, Alias.Kind.ID, str(pk))
            why = "was merged into another record meanwhile" if at else "is not there any more"
            raise Gone(f"One of the two {why}. Nothing was changed.", at)
    return found[keeper], found[loser]


def last(subject: str, pk: int) -> None:
    """Wait for whoever is just adding something to the record, and let nobody begin."""
    ask(f"SELECT FROM {RECORDS[subject]._meta.db_table} WHERE id = %(pk)s FOR UPDATE", pk=pk)
