"""manage.py create_write_key NAME"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.settings.actions import write_keys
from crm.team.models import WriteKey
from crm.web import clock


class Command(BaseCommand):
    help = "Create a key with which a product reports usage. Prints it once. Exit codes: 0 done, 2 refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="which product reports with it")
        parser.add_argument("--scope", default=WriteKey.Scope.USAGE, choices=WriteKey.Scope.values)

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].strip()
        if not 0 < len(name) <= 80:
            raise CommandError("A name has 1 to 80 characters. Nothing was changed.", returncode=2)
        _, secret = write_keys.make(name, options["scope"], None, clock.now())
        self.stderr.write(f"The write key {name}, shown this once:")
        self.stdout.write(secret)
