"""Write the whole database to one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.template.defaultfilters import filesizeformat

from crm.config import archive


class Command(BaseCommand):
    help = (
        "Writes the whole database, as of one moment, to FILE, while everything goes on. FILE is an archive of pg_dump "
        "in its custom format. Exit codes: 0 done, 2 refused and nothing was written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="a file that does not exist yet")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            size = archive.dump(connection.settings_dict["NAME"], file)
        except archive.ArchiveError as error:
            raise CommandError(f"{error} Nothing was written.", returncode=2) from error
        self.stdout.write(f"{file}: {filesizeformat(size)}".replace("\xa0", " "))
