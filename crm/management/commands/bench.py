"""The figures that Holdfast promises, each beside its floor, in one run."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Measure how quick Holdfast is, beside what bare SQL and bare views take on the same data. Fills databases of "
        "its own (holdfast_bench_…) on the same server, and keeps the large one for the next run. "
        "Exit codes: 0 all budgets met, 1 some missed, 2 refused and nothing done."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="sweep, engine, rehearsal, pages, tickets, "
                            "search, fields, import, growth, memory, daily, sending; all without a name")  # fmt: skip
        parser.add_argument("--accounts", type=int, default=1_000_000, help="customers to measure with (1,000,000)")
        parser.add_argument("--fresh", action="store_true", help="fill the database anew")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print JSON and nothing else")
        form.add_argument("--markdown", action="store_true", help="print the table as the README has it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            # They stand with the tests, which an installation may have been shipped without.
            machine, run, tables = (import_module(f"tests.bench.{name}") for name in ("machine", "run", "tables"))
        except ModuleNotFoundError as error:
            raise CommandError(
                f"The bench belongs to the tests, and {error.name} is not here. Run it in a checkout: "
                "uv run manage.py bench", returncode=2,
            ) from None  # fmt: skip
        try:
            names = run.check(options["names"], options["accounts"])
        except run.Refused as error:
            raise CommandError(str(error), returncode=2) from None
        known = machine.facts()
        try:
            figures = list(run.run(names, options["accounts"], fresh=options["fresh"]))
        except KeyboardInterrupt:
            raise CommandError("Stopped. A half-filled database is filled anew the next time.", returncode=1) from None
        missed = [figure for figure in figures if figure.met is False]
        if options["json"]:
            self.stdout.write(json.dumps({"machine": known, "accounts": options["accounts"], "missed": len(missed),
                                          "figures": [figure.as_json() for figure in figures]}, indent=2))  # fmt: skip
        elif options["markdown"]:
            self.stdout.write(tables.markdown(figures, machine.sentence(known)))
        else:
            self.stdout.write(f"{tables.plain(figures)}\n\n{machine.sentence(known)}\n{_verdict(missed)}")
        if missed:
            sys.exit(1)


def _verdict(missed: list[Any]) -> str:
    if not missed:
        return "All budgets are met."
    return f"{len(missed)} missed: {'; '.join(figure.what for figure in missed)}."
