"""The dashboard of retention: kept beforehand beside a bare view, and how long a board takes to count."""

from __future__ import annotations

import time

from crm.web import clock
from retention.metrics import snapshots
from retention.metrics.models import Snapshot
from tests.bench import metrics
from tests.bench.asking import ASKED, Asked, beside_floor, queries
from tests.bench.figures import Figure
from tests.bench.population import Population, say
from tests.bench.server import serving


def measure(population: Population, requests: int = ASKED) -> list[Figure]:
    with population.entered():
        metrics.prepare(population)
        counting = _count(population)
        with serving(population) as site:
            page = Asked("dashboard.kept", "dashboard, figures kept", "/retention/", "/bare/dashboard/")
            kept = beside_floor(site, page, requests, population)
            say(f"  {page.what}: {kept.ours:.1f} ms, bare {kept.floor:.1f} ms")
        most = Figure("dashboard.queries", "queries of the dashboard", queries(page), None, "queries")
        return [kept, most, counting]


def _count(population: Population) -> Figure:
    """Every ready-made period, as the job does, however few customers there are."""
    usual, snapshots.LARGE = snapshots.LARGE, 0
    Snapshot.objects.all().delete()
    took, now = [], clock.now()
    try:
        started = time.perf_counter()
        while snapshots.run(now):
            took.append(time.perf_counter() - started)
            started = time.perf_counter()
    finally:
        snapshots.LARGE = usual
    found = Figure("dashboard.board", f"counting the slowest of {len(took)} boards", max(took), None, "s")
    say(f"  {found.what}: {found.ours:.2f} s")
    return found
