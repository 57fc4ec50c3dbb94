"""manage.py metrics: the figures of a period."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.segments.filters import Filter, FilterError, parse
from crm.segments.models import Segment
from crm.segments.rules import read_day
from crm.web import clock
from retention.metrics.figures import of_period
from retention.metrics.known.reading import read_moment
from retention.metrics.reading import Period, PeriodError, Slice

#: What stands instead of a figure that has nothing to say.
NONE = "n/a"


class Command(BaseCommand):
    help = (
        "Print how well customers were kept between two days, such as 2026-01-01 and 2026-02-01: customers are counted "
        "on each. Rates are fractions (0.8 is 80 %); money is a month's, in the reporting currency. Exit code 2: the "
        "period, the segment or the moment makes no sense."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--start", required=True, metavar="DAY", help="customers at the start are those of this day"
        )
        parser.add_argument("--end", required=True, metavar="DAY", help="customers at the end are those of this day")
        parser.add_argument(
            "--segment", metavar="NAME", help="only those who are in this shared segment of accounts now"
        )
        parser.add_argument(
            "--as-of", metavar="T",
            help="customers and MRR as they were known then: ISO 8601, UTC without an offset, not to come",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print JSON alone; null where a figure is n/a")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        try:
            period = Period(_day(options["start"], "--start"), _day(options["end"], "--end"))
            chosen = _segment(options["segment"]) if options["segment"] else None
            as_of = read_moment(options["as_of"], now, UTC) if options["as_of"] else None
        except (PeriodError, FilterError) as error:
            raise CommandError(str(error), returncode=2) from error
        figures = of_period(period, now, Slice(chosen), as_of=as_of)
        found = figures.told()
        if options["json"]:
            self.stdout.write(json.dumps(found))
        else:
            width = max(map(len, found))
            nothing = {name: f"{NONE}, {why}" for name, why in figures.unsaid.items()}
            lines = (
                f"{name:<{width}}  {nothing.get(name, NONE) if value is None else value}"
                for name, value in found.items()
            )
            self.stdout.write("\n".join(lines))


def _day(text: str, option: str) -> date:
    try:
        return read_day(text)
    except ValueError as error:
        raise CommandError(f"{option} {error}.", returncode=2) from None


def _segment(name: str) -> Filter:
    """By the one name, whoever made it."""
    found = list(Segment.objects.in_use().filter(subject="account", shared=True, name__iexact=name)[:2])
    if len(found) != 1:
        why = "Several shared segments are" if found else "No shared segment of accounts is"
        raise CommandError(f"{why} called “{name}”.", returncode=2)
    return parse({"field": "segment", "op": "is_in", "value": found[0].pk})
