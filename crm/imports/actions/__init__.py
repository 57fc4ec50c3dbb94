"""import_file(): one CSV file in, in one transaction, with every row that was refused named and explained."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.db import IntegrityError, OperationalError, transaction

from crm.imports.actions.loading import Loading, Progress, Report, silent
from crm.imports.actions.running import acting
from crm.imports.actions.staging import REJECT_COLUMNS, Staging
from crm.imports.models import Import
from crm.imports.rules.cells import formula_safe
from crm.imports.rules.files import FileRefused, Source, inspect
from crm.imports.rules.plans import Plan

__all__ = ["FileRefused", "Plan", "Report", "import_file"]

#: Nobody has decided anything.
_AS_IT_IS = Plan()


def import_file(
    name: str, path: Path, *, now: datetime, plan: Plan = _AS_IT_IS, dry_run: bool = False, progress: Progress = silent
) -> Report:
    """Import a file of the named kind.

    All of it or nothing: whoever kills it in the middle finds the record as it was. A dry run does the same and rolls
    back. Rows that cannot be loaded go to FILE.rejects.csv in both. Raises FileRefused when nothing was changed.
    """
    Loading.check(name, plan)
    source = inspect(path)
    try:
        with transaction.atomic():
            made = None if dry_run else _begun(name, source, plan, now)
            loading = Loading(source, name, plan, now, made, progress=progress)
            report = loading.run(lambda write: acting(made, now, write) if made else write())
            report = replace(report, rejects_file=_write_rejects(loading.staging, path))
            if made:
                made.done(report, now)
            transaction.set_rollback(dry_run)
    except (IntegrityError, OperationalError) as error:
        raise FileRefused(
            "Somebody else was writing the same rows, or the database went away. Nothing was changed: import it again. "
            f"({str(error).splitlines()[0]})"
        ) from error
    return report


def _begun(kind: str, source: Source, plan: Plan, now: datetime) -> Import:
    """Nobody sees it before it is done: what a killed command had begun never was."""
    return Import.objects.create(
        kind=kind, file_name=source.path.name[:200], size=source.path.stat().st_size, lines=source.lines,
        created_at=now, settings=plan.as_json(),
    )  # fmt: skip


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
