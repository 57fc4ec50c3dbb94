"""Ask the journal whether anything was lost, doubled, late, parked or left uncertain."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from crm.outbox import journal

#: People read so many lines of a kind, each at most so wide; `--json` has them all, whole.
SHOWN = 20
WIDTH = 160


def _cut(line: str) -> str:
    """On one line, whatever text a reason brought along."""
    whole = " ".join(line.split())
    return whole if len(whole) <= WIDTH else f"{whole[: WIDTH - 1]}…"


class Command(BaseCommand):
    help = (
        "Computes from the journal, by SQL: what was lost, doubled, late or parked, and lists what is uncertain. "
        "Exit codes: 0 nothing lost, doubled, late or parked; 1 something was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON alone: a count and all lines for each")

    def handle(self, *args: Any, **options: Any) -> None:
        found = journal.verify(journal.worked_until())
        if options["json"]:
            counts = {kind: len(lines) for kind, lines in found.items()}
            self.stdout.write(json.dumps(counts | {"details": found}))
        else:
            for kind, lines in found.items():
                self.stdout.write(f"{kind}: {len(lines)}")
                for line in lines[:SHOWN]:
                    self.stdout.write(f"  {_cut(line)}")
                if len(lines) > SHOWN:
                    self.stdout.write(f"  … and {len(lines) - SHOWN:,} more")
        if any(found[kind] for kind in journal.FAULTS):
            raise SystemExit(1)
