"""manage.py undo_import ID"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from crm.history.actions import UndoError
from crm.history.attribution import through
from crm.history.models import Door
from crm.imports.actions.undoing import undo_import
from crm.imports.models import Import
from crm.slots import import_kinds
from crm.web import clock

#: What was kept is listed up to here.
LISTED = 100


class Command(BaseCommand):
    help = (
        "Take an import back: rows that it made go, fields go back. What somebody has worked with since is kept and "
        "named. Exit code 0: all of it is back; 1: something was kept; 2: refused, nothing was changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", type=int, metavar="ID", help="as import_csv and the page of imports name it")
        parser.add_argument("--json", action="store_true", help="print JSON alone")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        with transaction.atomic():
            made = Import.objects.select_for_update(of=("self",)).filter(pk=options["id"]).first()
            if made is None:
                raise CommandError(f"There is no import {options['id']}.", returncode=2)
            if made.job or not import_kinds[made.kind].undoable or not made.undoable(now):
                raise CommandError("This import is at work, undone already, or too long ago.", returncode=2)
            try:
                with through(Door.COMMAND):
                    undo_import(made, None, now)
            except UndoError as error:
                raise CommandError(str(error), returncode=2) from error
        kept = made.kept.count() + made.report["kept_unnamed"]
        if options["json"]:
            told = {"removed": made.report["removed"], "reverted": made.report["reverted"], "kept": kept}
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(f"removed {made.report['removed']}\nreverted {made.report['reverted']}\nkept {kept}")
        for one in made.kept.order_by("id")[:LISTED]:
            self.stderr.write(f"{one.name}{f', {one.field}' if one.field else ''}: kept, because {one.reason}")
        if kept:
            raise SystemExit(1)
