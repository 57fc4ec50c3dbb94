"""Ask the journal whether mail was lost, doubled, late or left uncertain."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from crm.outbox import journal


class Command(BaseCommand):
    help = (
        "Computes from the journal, by SQL: messages lost, doubled and late, and lists those that are uncertain. "
        "Exit codes: 0 nothing lost, doubled or late; 1 something was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON alone: a count and the lines for each")

    def handle(self, *args: Any, **options: Any) -> None:
        found = journal.verify(journal.worked_until())
        if options["json"]:
            counts = {kind: len(lines) for kind, lines in found.items()}
            self.stdout.write(json.dumps(counts | {"details": found}))
        else:
            for kind, lines in found.items():
                self.stdout.write(f"{kind}: {len(lines)}")
                for line in lines:
                    self.stdout.write(f"  {line}")
        if any(found[kind] for kind in journal.FAULTS):
            raise SystemExit(1)
