"""manage.py import_csv KIND FILE"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.imports.actions import FileRefused, Plan, Report, import_file
from crm.imports.actions.loading import READING, WAITING
from crm.imports.rules.plans import POLICIES, SLASHES, TWINS
from crm.imports.rules.presets import PRESETS
from crm.slots import import_kinds
from crm.web import clock

#: What --make says to make nothing of vCards but people.
_NOTHING = "nothing"


class Command(BaseCommand):
    help = (
        "Import a CSV file, or contacts from vCards: all of it or nothing. Blank cells keep what is there. Rows that "
        "cannot be loaded go to "
        "FILE.rejects.csv with line, column, value, reason and remedy. Exit code 0: all rows are in; 1: some were "
        "rejected; 2: refused, nothing was changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        kinds = "; ".join(f"{name}: {', '.join(_shown(name))}" for name in sorted(import_kinds.names()))
        parser.add_argument("kind", metavar="KIND", help=f"What the rows are, with the columns of each kind. {kinds}")
        parser.add_argument("file", metavar="FILE", type=Path, help="CSV in UTF-8 with a header row, or vCards")
        parser.add_argument("--preset", metavar="NAME", help=f"whose export it is: {', '.join(sorted(PRESETS))}")
        parser.add_argument(
            "--map", metavar="A=B", nargs="+", action="extend", default=[], help="the file's column A is our column B"
        )
        parser.add_argument(
            "--policy", metavar="COLUMN=POLICY", nargs="+", action="extend", default=[],
            help="what the column does to rows that are there: overwrite (replace what is there), fill (only what is "
            "empty) or keep (new rows alone take it)",
        )  # fmt: skip
        parser.add_argument(
            "--twins", choices=TWINS, default="create", metavar="WHAT",
            help="what becomes of new rows that look like somebody who is there: create, match or leave",
        )  # fmt: skip
        parser.add_argument(
            "--slashes", choices=[name for name in SLASHES if name], default="", metavar="WHICH",
            help="how 3/4/2026 is read: month (first) or day (first); without it such dates are refused",
        )  # fmt: skip
        parser.add_argument(
            "--make", nargs="+", choices=[*sorted(_makes()), _NOTHING], metavar="WHAT",
            help="what contacts bring with them: company (a customer of each that is not here yet), person (people "
            "without a company as customers of their own), or nothing; by default both from vCards, else nothing",
        )  # fmt: skip
        parser.add_argument(
            "--dry-run", action="store_true", help="do all of it, say what came of it, and take it back"
        )
        parser.add_argument("--json", action="store_true", help="print JSON alone")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = import_file(
                options["kind"],
                options["file"],
                now=clock.now(),
                plan=_plan(options),
                dry_run=options["dry_run"],
                progress=self._tell,
            )
        except FileRefused as error:
            raise CommandError(str(error), returncode=2) from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(report) | {"dry_run": options["dry_run"]}))
        else:
            self.stdout.write(
                "\n".join(f"{word} {getattr(report, word)}" for word in ("created", "updated", "skipped", "rejected"))
            )
        for note in _notes(report, dry_run=options["dry_run"]):
            self.stderr.write(note)
        if report.rejected:
            raise SystemExit(1)

    def _tell(self, phase: str, rows: int) -> None:
        if phase in (READING, WAITING):
            self.stderr.write(f"{rows:,} rows read" if phase == READING else phase)


def _shown(name: str) -> list[str]:
    return [column for column, facts in import_kinds[name].columns.items() if not facts.hidden]


def _plan(options: dict[str, Any]) -> Plan:
    """Raises FileRefused for a policy that is none, or for a column that the kind has not."""
    policies = dict(_pair(text, "--policy") for text in options["policy"])
    kind = import_kinds.get(options["kind"])
    for column, policy in policies.items():
        if policy not in POLICIES:
            raise FileRefused(f"There is no policy {policy!r}. Known: {', '.join(POLICIES)}.")
        if kind and (column not in kind.columns or not kind.columns[column].policies):
            known = [name for name, about in kind.columns.items() if about.policies]
            raise FileRefused(f"No policy goes with the column {column!r}. It does with: {', '.join(known)}.")
    mapping = dict(_pair(text) for text in options["map"])
    makes = None if options["make"] is None else tuple(sorted({*options["make"]} - {_NOTHING}))
    if kind and (strange := {*(makes or ())} - {*kind.makes}):
        raise FileRefused(f"A file of {options['kind']} makes no {min(strange)}.")
    return Plan(options["preset"], mapping, None, policies, options["twins"], options["slashes"], makes=makes)


def _makes() -> set[str]:
    return {name for _, kind in import_kinds.items() for name in kind.makes}


def _pair(text: str, option: str = "--map") -> tuple[str, str]:
    theirs, separator, ours = text.rpartition("=")
    if not (separator and theirs.strip() and ours.strip()):
        form = "THEIRS=ours" if option == "--map" else "COLUMN=POLICY"
        raise FileRefused(f"{option} {text!r} is not of the form {form}.")
    return theirs.strip(), ours.strip()


def _notes(report: Report, *, dry_run: bool) -> list[str]:
    notes = []
    if report.unknown_columns:
        notes.append(f"Columns that nothing reads: {', '.join(report.unknown_columns)}")
    if report.encoding == "cp1252":
        notes.append("The file is not UTF-8 and was read as Windows-1252; look at its umlauts and accents")
    if report.repeated:
        notes.append(
            f"{report.repeated} of the skipped rows are repeated later in the file, where the last value counts"
        )
    if report.deleted:
        notes.append(f"{report.deleted} of the skipped rows are deleted in the other system")
    if report.homes:
        notes.append(f"{report.homes} customers were made for people who came without one")
    if report.rejects_file:
        notes.append(f"Rejected rows are in {report.rejects_file}")
    if report.holds_mail and not dry_run:
        notes.append("Mail is on hold until you have looked at what was imported: manage.py mail --live")
    if dry_run:
        notes.append("Dry run: nothing was changed")
    elif report.created or report.updated:
        notes.append(f"This is import {report.import_id}: manage.py undo_import {report.import_id} takes it back")
    return notes
