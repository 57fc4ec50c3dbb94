"""Go on from a backup without sending anything twice."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from crm.config import archive
from crm.management.commands.tick import Walk
from crm.outbox import restoring
from crm.web import clock, migrating


class Command(BaseCommand):
    help = (
        "Loads FILE into a database beside the present one, and puts it in its place when it is whole. Unless "
        "--nothing-ran-since is given, all that fell due since the backup is done again but for mail: that is held, "
        "and what may have left already waits as uncertain for a person. Stop web, workers and beat first. "
        "Exit codes: 0 done, 2 refused and nothing changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="written by `backup`, or by pg_dump -Fc")
        parser.add_argument("--aside", action="store_true", help="keep the present database under another name")
        parser.add_argument(
            "--nothing-ran-since",
            action="store_true",
            help="the installation was stopped before the backup was made, as for a move: mail goes on at once",
        )
        parser.add_argument("--json", action="store_true", help="print JSON alone")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        name = connection.settings_dict["NAME"]
        try:
            taken_at = archive.taken_at(file)
            taken = f"{taken_at:%-d %B %Y %H:%M} UTC"
            archive.may_be_replaced(name, aside=options["aside"])
            with archive.loaded(file, name) as scratch:
                self._say(f"Loaded the backup of {taken}.")
                self._bring_up_to_date()
                uncertain = 0 if options["nothing_ran_since"] else self._catch_up(taken)
                kept = archive.replace(name, scratch, clock.now())
        except archive.ArchiveError as error:
            raise CommandError(f"{error} Nothing was changed.", returncode=2) from error
        if options["json"]:
            self.stdout.write(
                json.dumps({"taken_at": taken_at.isoformat(), "newly_uncertain": uncertain, "kept_as": kept})
            )
            return
        self.stdout.write(f"Restored the backup of {taken}.")
        if kept:
            self.stdout.write(f"What was there before is the database {kept}.")
        if not options["nothing_ran_since"]:
            self.stdout.write(
                f"Mail is held. {uncertain} messages may have left after the backup: settle them under Mail, "
                "then `manage.py mail --live`."
            )

    def _bring_up_to_date(self) -> None:
        if unknown := migrating.applied(connection) - migrating.known():
            app, name = max(unknown)
            raise archive.ArchiveError(f"The backup is of a later version, which knows {app}.{name}.")
        call_command("migrate", verbosity=0, interactive=False)

    def _catch_up(self, taken: str) -> int:
        """What the old installation can have done by now is done here too, on paper: so none of it happens again."""
        now = clock.now()
        archive.leave_a_gap()
        walk = Walk(without="outbox")
        walk.until_idle(now)
        self._say(", ".join(f"{name}: {rows}" for name, rows in walk.moved.items()) or "Nothing was due.")
        return restoring.hold_and_doubt(taken, now)

    def _say(self, line: str) -> None:
        self.stderr.write(line)
