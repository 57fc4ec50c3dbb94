"""Figures and cohorts over all customers, beside the bare statements over the same spans and movements."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from crm.ledger.rules import add_months
from crm.web import clock
from retention.metrics.apart.reading import breakdown
from retention.metrics.cohorts import cohorts
from retention.metrics.figures import of_period
from retention.metrics.reading import EVERYBODY, Period
from tests.bench import rows, span_rows
from tests.bench.figures import Figure
from tests.bench.population import Population, Progress, insertion, say

MONTHS = 24
_ASKED = 5
_FLOORS = [Path(__file__).parent / "floors" / name for name in ("metrics.sql", "breakdown.sql")]


def measure(population: Population) -> list[Figure]:
    with population.entered():
        prepare(population)
        now = population.anchor
        today = clock.today(now)
        year = Period(add_months(today, -12), today)
        month = today.replace(day=1)
        ours: dict[str, tuple[str, Callable[[], Any], dict[str, Any]]] = {
            "figures": ("figures of a year", lambda: of_period(year, now), {"start": year.start, "end": year.end}),
            "known": (
                "figures of a year, as they were known", lambda: of_period(year, now, as_of=now),
                {"start": year.start, "end": year.end},
            ),
            "cohorts": (
                f"cohorts of {MONTHS} months", lambda: cohorts(MONTHS, now),
                {"start": add_months(month, -MONTHS), "end": month - timedelta(days=1)},
            ),
            "breakdown": (
                "figures of a year by industry", lambda: breakdown("industry", year, now, EVERYBODY),
                {"start": year.start, "end": year.end},
            ),
        }  # fmt: skip
        return [_beside(population, name, *asked) for name, asked in ours.items()]


def _beside(population: Population, name: str, what: str, ask: Callable[[], Any], values: dict[str, Any]) -> Figure:
    panels = [part for file in _FLOORS for part in file.read_text().split("-- panel: ")[1:]]
    floor = dict(part.split("\n", 1) for part in panels)[name]
    took: dict[str, list[float]] = {"ours": [], "bare": []}
    for turn in range(_ASKED + 1):  # the first warms
        for side, run in (("bare", lambda: _bare(floor, values)), ("ours", ask)):
            started = time.perf_counter()
            run()
            if turn:
                took[side].append(time.perf_counter() - started)
    sizes = f"{population.accounts:,} accounts, {population.accounts * 10:,} movements"
    found = Figure(
        f"metrics.{name}", what, statistics.median(took["ours"]), statistics.median(took["bare"]), "s", sizes
    )
    say(f"  {what}: {found.ours:.2f} s, bare {found.floor:.2f} s")
    return found


def _bare(sql: str, values: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        cursor.fetchall()


def prepare(population: Population) -> None:
    """Found, or made: all of them or, if it is broken off, none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('bench_spans')")
        if cursor.fetchone()[0] is not None:
            return
    stages = span_rows.stages(population.accounts)
    say("Filling in spans and movements")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(rows.PICK)
        for stage in stages:
            statement, values = insertion(stage)
            progress = Progress(stage.upto)
            for low in range(1, stage.upto + 1, stage.chunk):
                high = min(low + stage.chunk - 1, stage.upto)
                span = {"low": low, "high": high, "n": population.accounts, "anchor": population.anchor}
                cursor.execute(statement, {**values, **span})
                progress.add(high - low + 1, stage.table)
        cursor.execute("CREATE TABLE bench_spans AS SELECT count(*) FROM crm_customerspan")
    with connection.cursor() as cursor:
        for stage in stages:
            cursor.execute(f"VACUUM ANALYZE {stage.table}")
