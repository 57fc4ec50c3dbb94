"""import_file(): one CSV file in, in one transaction, with every row that was refused named and explained."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import IntegrityError, OperationalError, connection, transaction

from crm import slots
from crm.imports.actions.reading import fill
from crm.imports.actions.staging import REJECT_COLUMNS, Staging
from crm.imports.rules.cells import Conventions, formula_safe
from crm.imports.rules.files import FileRefused, inspect
from crm.imports.rules.presets import PRESETS, Preset
from crm.outbox.actions import close_the_gate
from crm.outbox.policy import hold_for_import
from crm.web import clock


@dataclass(frozen=True)
class Report:
    """What an import did. created + updated + skipped + rejected are the rows of the file.

    Skipped are rows that changed nothing: equal to what was there, repeated later in the file, or deleted over there.
    """

    created: int
    updated: int
    skipped: int
    rejected: int
    repeated: int  # of the skipped
    deleted: int  # of the skipped
    columns: Mapping[str, str]  # our column → the file's
    unknown_columns: tuple[str, ...]
    encoding: str
    rejects_file: str | None
    holds_mail: bool = False  # this import put mail on hold


def _silent(*_: object) -> None:
    pass


def import_file(
    name: str,
    path: Path,
    *,
    now: datetime,
    preset: str | None = None,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] = _silent,
) -> Report:
    """Import a file of the named kind; `mapping` is the file's title → our column.

    All of it or nothing: whoever kills it in the middle finds the record as it was. A dry run does the same and rolls
    back. Rows that cannot be loaded go to FILE.rejects.csv in both. Raises FileRefused when nothing was changed.
    """
    kind, layout = _kind(name), _preset(name, preset)
    source = inspect(path)
    conventions = Conventions(clock.ZONE_NAMES, clock.zone().key, month_first=bool(layout and layout.month_first))
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # Whoever refuses mail here gets none from the commit on. The gate closes when rows of the record are first
            # locked, not before: senders lock the policy and then contacts, and must not wait while a file is read.
            staging = Staging(cursor, kind.columns, now, close_the_gate if kind.brings_people else _silent)
            found = fill(staging, source, kind, layout, dict(mapping or {}), conventions, progress)
            counts, holds_mail = _load(staging, kind, now)
            rejected = staging.rejected()
            report = Report(
                counts.created, counts.updated, found.rows - counts.created - counts.updated - rejected, rejected,
                staging.folded, found.deleted, found.header.titles, tuple(found.header.unknown), source.encoding,
                _write_rejects(staging, path), holds_mail,
            )  # fmt: skip
            transaction.set_rollback(dry_run)
    except (IntegrityError, OperationalError) as error:
        raise FileRefused(
            "Somebody else was writing the same rows, or the database went away. Nothing was changed: import it again. "
            f"({str(error).splitlines()[0]})"
        ) from error
    return report


def _load(staging: Staging, kind: slots.ImportKind, now: datetime) -> tuple[slots.ImportCounts, bool]:
    """From the staging table into the record, one file at a time. Also says whether mail is now on hold."""
    # One for all kinds: they lock each other's rows through foreign keys, in no common order. The second file sees what
    # the first one wrote.
    staging.run("SELECT pg_advisory_xact_lock(hashtext('crm.imports'))")
    staging.filled()
    if kind.identity:
        staging.fold(*kind.identity)
    counts = kind.loader(staging, now)
    if not kind.brings_people:
        return counts, False
    # Who opted out elsewhere gets nothing from here, and nobody gets anything before somebody has looked. The hold is
    # committed with the people: before, no sender sees them, and whoever waits at the gate sees both.
    staging.begin_writing()
    staging.run(_SUPPRESS)
    return counts, bool(counts.created) and hold_for_import(now)


def _kind(name: str) -> slots.ImportKind:
    kind = slots.import_kinds.get(name)
    if kind is None:
        raise FileRefused(f"There is no kind {name!r}. Known: {', '.join(sorted(slots.import_kinds.names()))}.")
    return kind


def _preset(kind: str, name: str | None) -> Preset | None:
    if name is None:
        return None
    if name not in PRESETS:
        raise FileRefused(f"There is no preset {name!r}. Known: {', '.join(sorted(PRESETS))}.")
    if kind not in PRESETS[name]:
        raise FileRefused(f"The preset {name} knows {', '.join(PRESETS[name])} only.")
    return PRESETS[name][kind]


_SUPPRESS = """
    INSERT INTO crm_suppression (address, reason, created_at)
    SELECT DISTINCT address, 'Opted out in the system it was imported from', %(now)s::timestamptz
    FROM (SELECT coalesce(r.email, c.email) AS address FROM import_rows r LEFT JOIN crm_contact c ON c.id = r.target
        WHERE r.opted_out) found
    WHERE address IS NOT NULL
    ON CONFLICT (address) DO NOTHING
"""


def _write_rejects(staging: Staging, path: Path) -> str | None:
    """FILE.rejects.csv, complete or not at all; one of an earlier import goes. Before the commit, since it may fail."""
    target = path.with_name(f"{path.name}.rejects.csv")
    try:
        if not staging.rejected():
            target.unlink(missing_ok=True)
            return None
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".rejects-") as folder:
            draft = Path(folder) / "rejects.csv"
            with draft.open("w", encoding="utf-8-sig", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(REJECT_COLUMNS)
                writer.writerows([formula_safe(cell or "") for cell in row] for row in staging.rejects())
            draft.replace(target)
    except OSError as error:
        raise FileRefused(f"{target} cannot be written: {error.strerror}. Nothing was changed.") from error
    return str(target)


__all__ = ["FileRefused", "Report", "import_file"]
