"""What a worker does with uploaded files, one after the other: preview, import, undo. Killed, it begins anew.

One runner at a time, by a lock of Postgres that dies with it. How far it has come it writes over a second connection,
since the load itself is one transaction that nobody sees before it is done.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, IntegrityError, OperationalError, connection, connections, transaction
from django.db.models import Q
from django.urls import reverse

from crm.history.actions import UndoError, act
from crm.history.attribution import through
from crm.history.models import Door
from crm.imports.actions.choices import twins_found
from crm.imports.actions.loading import Loading
from crm.imports.actions.noting import Diary
from crm.imports.actions.storing import laid_out
from crm.imports.actions.undoing import LOADED, undo_import
from crm.imports.models import Import
from crm.imports.rules import DRAFT_DAYS, UNDO_DAYS
from crm.imports.rules.files import FileRefused
from crm.imports.rules.plans import Plan
from crm.outbox.notifications import notify

logger = logging.getLogger(__name__)

#: Progress is written as often as this, in seconds, and when the phase changes.
TOLD_EVERY = 0.5

#: Reasons for rejects that a preview lists, each with its first lines.
MOST_REASONS = 20
LINES_SHOWN = 8


def run(now: datetime) -> int:
    """Do the next job, whole; returns 1, or 0 when there is none or another worker is at one."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('crm.imports.runner'))")
        if not cursor.fetchone()[0]:
            return 0
        # Nobody deletes it meanwhile, and its progress can be written beside us.
        cursor.execute("SELECT id FROM crm_import WHERE job <> '' ORDER BY queued_at, id LIMIT 1 FOR KEY SHARE")
        if not (found := cursor.fetchone()):
            return _tidy(now)
        made = Import.objects.select_related("by", "job_by").get(pk=found[0])
        # A file of a million rows takes longer than what pages may ask.
        cursor.execute("SELECT set_config('statement_timeout', '0', true),"
                       " set_config('idle_in_transaction_session_timeout', '0', true)")  # fmt: skip
        with _watched(made, now) as progress:
            _do(made, now, progress)
    return 1


def _do(made: Import, now: datetime, progress: Callable[[str, int], None]) -> None:
    """All or nothing of the job; what went wrong is written beside nothing."""
    if made.attempts >= Import.MOST_ATTEMPTS:
        _fail(
            made,
            f"A worker ended {made.attempts} times while it was at work on this. Split the file, and try again.",
            now,
        )
        return
    try:
        with transaction.atomic():
            {Import.Job.PREVIEW: _preview, Import.Job.LOAD: _load, Import.Job.UNDO: _undo}[Import.Job(made.job)](
                made, now, progress
            )
    except (FileRefused, UndoError) as error:
        _fail(made, str(error), now)
    except (IntegrityError, OperationalError) as error:
        if connection.connection is None or connection.connection.closed:
            raise
        _fail(made, f"Somebody else was writing the same rows. Try it again. ({str(error).splitlines()[0]})", now)
    except (DatabaseError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        logger.exception("The %s of import %s failed", made.job, made.pk)
        _fail(made, "Something is wrong on our side; an admin finds it in the worker's log. Nothing was changed.", now)


def _tell(made: Import, text: str, now: datetime) -> None:
    """Whoever brought the file need not watch it."""
    if made.by:
        url = reverse("imports:detail", args=[made.pk])
        notify([made.by], "import.finished", text, url, now, key=f"import:{made.pk}:{made.queued_at}")


def _fail(made: Import, error: str, now: datetime) -> None:
    made.refresh_from_db()
    made.state = Import.State.FAILED if made.job == Import.Job.LOAD else made.state
    was = made.job
    made.error, made.job = error, Import.Job.NONE
    made.save()
    if was == Import.Job.LOAD:
        _tell(made, f"“{made}” could not be imported: {error}", now)


class _TakenBack(Exception):
    """A dry run is over."""


def _preview(made: Import, now: datetime, progress: Callable[[str, int], None]) -> None:
    """The load itself, taken back; what it would have done stays as the report."""
    diary = Diary()
    try:
        with transaction.atomic(), laid_out(made) as source:
            plan = Plan.from_json(made.settings)
            loading = Loading(source, made.kind, plan, now, viewer=made.by, diary=diary, progress=progress)
            report = loading.run(lambda write: write())
            told = {"changes": diary.entries, "twins": twins_found(loading.staging), **_rejects_of(loading)}
            raise _TakenBack
    except _TakenBack:
        pass
    made.told(report, told)


def _rejects_of(loading: Loading) -> dict[str, Any]:
    """Rejects by reason, the most frequent first, each with its first lines."""
    found: Counter[tuple[str, str, str]] = Counter()
    lines: dict[tuple[str, str, str], list[list[str]]] = {}
    for line, column, value, reason, remedy in loading.staging.rejects():
        key = (column, reason, remedy)
        found[key] += 1
        if len(lines.setdefault(key, [])) < LINES_SHOWN:
            lines[key].append([line, value])
    return {
        "reasons": [
            {"column": key[0], "reason": key[1], "remedy": key[2], "rows": count, "lines": lines[key]}
            for key, count in found.most_common(MOST_REASONS)
        ],
        "more_reasons": max(len(found) - MOST_REASONS, 0),
    }


def _load(made: Import, now: datetime, progress: Callable[[str, int], None]) -> None:
    with laid_out(made) as source:
        loading = Loading(source, made.kind, Plan.from_json(made.settings), now, made, made.by, progress=progress)
        report = loading.run(lambda write: acting(made, now, write))
    made.parts.all().delete()
    made.done(report, now)
    figures = f"{made.created:,} new, {made.updated:,} changed, {made.rejected:,} rejected"
    _tell(made, f"“{made}” is imported: {figures}", now)


def acting[T](made: Import, now: datetime, write: Callable[[], T]) -> T:
    """What it writes belongs to one act of history, which the import remembers."""
    with act(LOADED, f"imported “{made}”", made.by, now, {"import": made.pk}, door=Door.IMPORT) as loaded:
        made.act_id = loaded.pk
        return write()


def _undo(made: Import, now: datetime, progress: Callable[[str, int], None]) -> None:
    progress("Taking back what came in", made.rows)
    with through(made.job_door or Door.DATABASE):  # whoever asked did so on a page, and the worker only does it
        undo_import(made, made.job_by, now)


def _tidy(now: datetime) -> int:
    """Forget files that nobody has imported, and what is kept for an undo that is no longer possible. Returns 0."""
    for made in Import.objects.filter(_UNFINISHED, job="", created_at__lt=now - timedelta(days=DRAFT_DAYS))[:100]:
        made.delete()
    with connection.cursor() as cursor:
        for table in ("crm_importedrange", "crm_importreject", "crm_importkept"):
            cursor.execute(_FORGET.format(table=table), {"before": now - timedelta(days=UNDO_DAYS)})
    return 0


_UNFINISHED = Q(state__in=(Import.State.DRAFT, Import.State.FAILED))

_FORGET = """
    DELETE FROM {table} WHERE id IN (SELECT t.id FROM {table} t JOIN crm_import i ON i.id = t.of_id
        WHERE i.finished_at < %(before)s AND coalesce(i.undone_at, i.finished_at) < %(before)s LIMIT 10000)
"""


@contextmanager
def _watched(made: Import, now: datetime) -> Iterator[Callable[[str, int], None]]:
    """Counts the attempt, and gives the way to say how far it has come, both over a connection of their own."""
    other = connections["default"].copy()
    told: dict[str, Any] = {"phase": "", "at": 0.0}

    def tell(sql: str, *values: Any) -> None:
        with other.cursor() as cursor:
            cursor.execute(f"UPDATE crm_import SET {sql} WHERE id = %s", [*values, made.pk])  # noqa: S608

    def progress(phase: str, rows: int) -> None:
        if phase != told["phase"] or time.monotonic() - told["at"] > TOLD_EVERY:
            told.update(phase=phase, at=time.monotonic())
            tell("phase = %s, rows_read = %s", phase, rows)

    try:
        tell("started_at = %s, attempts = attempts + 1, phase = '', rows_read = 0", now)
        yield progress
    finally:
        other.close()
