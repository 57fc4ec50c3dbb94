"""A board of 10,000 open deals, with ten times as many closed ones: its pages, beside bare views of the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.db import connection, transaction

from tests.bench import deal_rows, rows
from tests.bench.asking import ASKED, Asked, beside_floor
from tests.bench.figures import Figure
from tests.bench.population import Population, insertion, say
from tests.bench.server import serving

OPEN, CLOSED = 10_000, 100_000


def measure(population: Population, requests: int = ASKED) -> list[Figure]:
    with population.entered():
        _prepare(population)
        with serving(population) as site:
            figures = []
            for page in _pages():
                figures.append(beside_floor(site, page, requests, population))
                say(f"  {page.what}: {figures[-1].ours:.1f} ms, bare {figures[-1].floor:.1f} ms")
            most = max(figures, key=lambda figure: figure.more["queries"])
            queries = most.more["queries"]
            return [*figures, Figure("board.queries", f"most queries: {most.what}", queries, None, "queries")]


def _pages() -> Iterator[Asked]:
    pipeline = deal_rows.PIPELINE
    yield Asked("board.whole", f"board of {OPEN:,} open deals", f"/pipelines/{pipeline}/", f"/bare/board/{pipeline}/")
    mine = urlencode({"owner": "me"})
    yield Asked("board.mine", "board, mine", f"/pipelines/{pipeline}/?{mine}", f"/bare/board/{pipeline}/?{mine}")
    forecast = f"/pipelines/{pipeline}/forecast/"
    yield Asked("board.forecast", "forecast", forecast, f"/bare/forecast/{pipeline}/")
    insight = f"/pipelines/{pipeline}/insight/"
    yield Asked("board.insight", "insight of 90 days", insight, f"/bare/pipeline-insight/{pipeline}/")


def _prepare(population: Population) -> None:
    """Found, or made: all of them or, if it is broken off, none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('bench_deals')")
        if cursor.fetchone()[0] is not None:
            return
    say(f"Filling in {OPEN + CLOSED:,} deals")
    stages = deal_rows.stages(OPEN, CLOSED)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # as tickets are filled in
        cursor.execute(rows.PICK)
        for stage in stages:
            statement, values = insertion(stage)
            span = {"low": 1, "high": stage.upto, "n": population.accounts, "anchor": population.anchor}
            cursor.execute(statement, {**values, **span})
            last = f"(SELECT max(id) FROM {stage.table})"
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{stage.table}', 'id'), {last})")
        cursor.execute("CREATE TABLE bench_deals AS SELECT count(*) FROM crm_deal")
    with connection.cursor() as cursor:
        for table in dict.fromkeys(stage.table for stage in stages):
            cursor.execute(f"VACUUM ANALYZE {table}")
